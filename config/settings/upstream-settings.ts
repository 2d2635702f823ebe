import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { checkTargetUrl } from '../../src/net/index.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ServerEntry } from '../schema/server-entry.ts'
import type { Lookup } from '../secret-lookup.ts'
import { buildUpstreamAuth } from './upstream-auth.ts'
import type { UpstreamAuth } from './upstream-auth.ts'
import { checkHeaders, hasPlaceholder } from './upstream-headers.ts'
import { buildTls } from './upstream-tls.ts'

/** What an entry is read against. */
interface UpstreamContext {
  readonly transport: ServerSettings['transport']
  readonly place: Place
  readonly workingDirectory: string
  readonly report: Report
  readonly lookup: Lookup
}

type UpstreamSettings = Pick<ServerSettings, 'headers' | 'allowPrivateNetwork' | 'url' | 'tls' | 'credentials'>

/** Keys that only mean something where a URL is called. */
const UPSTREAM_KEYS = ['url', 'headers', 'allowPrivateNetwork', 'tls', 'auth', 'breaker'] as const

/** How an upstream server is reached: its URL held to the SSRF rules (T47), its headers (T14, T51), its certificates. */
export function buildUpstream (entry: ServerEntry, context: UpstreamContext): UpstreamSettings {
  const { transport, place, report } = context
  const allowPrivateNetwork = entry.allowPrivateNetwork ?? DEFAULTS.allowPrivateNetwork
  if (transport === 'stdio') {
    for (const key of UPSTREAM_KEYS) if (entry[key] !== undefined) report.warn(within(place, key), 'has no effect: the server is started by its command, not called over HTTP')
    return { headers: {}, allowPrivateNetwork: false }
  }
  checkUrl(entry.url ?? '', allowPrivateNetwork, within(place, 'url'), report)
  checkHeaders(entry.headers, place, report)
  const { authorization, credentials } = authOf(entry, context)
  return {
    ...(entry.url === undefined ? {} : { url: entry.url }),
    headers: { ...entry.headers, ...(authorization === undefined ? {} : { authorization }) },
    ...(credentials === undefined ? {} : { credentials }),
    allowPrivateNetwork,
    ...(entry.tls === undefined ? {} : { tls: tlsOf(entry, entry.tls, context) })
  }
}

/** Two ways to set one header would leave it to chance which one counts. */
function authOf (entry: ServerEntry, context: UpstreamContext): UpstreamAuth {
  if (entry.auth === undefined) return {}
  const place = within(context.place, 'auth')
  const header = Object.keys(entry.headers ?? {}).find((name) => name.toLowerCase() === 'authorization')
  if (header !== undefined) context.report.fault(within(context.place, 'headers', header), 'expected no Authorization header beside auth, which sets it')
  return buildUpstreamAuth(entry.auth, { ...context, place })
}

function checkUrl (url: string, allowPrivateNetwork: boolean, at: Place, report: Report): void {
  const checked = checkTargetUrl(url, allowPrivateNetwork)
  if (!checked.ok) report.fault(at, checked.error)
  else if (hasPlaceholder(url)) report.fault(at, 'expected no {placeholder}: where credentials go is decided here, not by callers')
  else if (checked.value.hash !== '') report.warn(at, 'has a fragment, which is not sent')
}

function tlsOf (entry: ServerEntry, tls: NonNullable<ServerEntry['tls']>, { place, report, workingDirectory }: UpstreamContext) {
  const at = within(place, 'tls')
  if (/^http:/i.test(entry.url ?? '')) report.fault(at, 'expected no tls, because the url begins with http://; write https://')
  return buildTls(tls, { place: at, workingDirectory, report })
}
