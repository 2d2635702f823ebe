import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { checkTargetUrl } from '../../src/net/index.ts'
import type { ClientCredentials } from '../../src/shared/settings/client-credentials.ts'
import type { UpstreamAuthEntry } from '../schema/upstream-auth.ts'
import type { Lookup } from '../secret-lookup.ts'
import { hasPlaceholder } from './upstream-headers.ts'
import { buildTls } from './upstream-tls.ts'

/** What `auth` of an entry is read against. */
export interface UpstreamAuthContext {
  readonly place: Place
  readonly workingDirectory: string
  readonly report: Report
  readonly lookup: Lookup
}

/** What comes of it: a header for all requests, or how tokens are fetched. */
export interface UpstreamAuth {
  readonly authorization?: string
  readonly credentials?: ClientCredentials
}

/** Visible ASCII, as a header can carry it (RFC 6750 2.1). */
const TOKEN = /^[\x21-\x7e]+$/
/** Keys of each type, besides `type`. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  static: ['token'],
  clientCredentials: ['tokenUrl', 'clientId', 'clientSecretEnv', 'clientAuthentication', 'scope', 'resource', 'audience', 'allowPrivateNetwork', 'tls']
}

/** Reads `auth` of an http or sse entry. A fault names the key and never its value. */
export function buildUpstreamAuth (auth: UpstreamAuthEntry, context: UpstreamAuthContext): UpstreamAuth {
  const { place, report } = context
  const known = KEYS[auth.type]
  if (known === undefined) {
    report.fault(within(place, 'type'), `expected static or clientCredentials: ${auth.type} is the name of a later version`)
    return {}
  }
  for (const key of Object.keys(auth)) if (key !== 'type' && !known.includes(key)) report.fault(within(place, key), `expected no such key with type ${auth.type}`)
  return auth.type === 'static' ? staticToken(auth, context) : clientCredentials(auth, context)
}

function staticToken ({ token }: UpstreamAuthEntry, { place, report }: UpstreamAuthContext): UpstreamAuth {
  const at = within(place, 'token')
  if (token === undefined) report.fault(at, 'expected the token, because type is static, but the key is missing')
  else if (!TOKEN.test(token)) report.fault(at, 'expected a token of visible ASCII characters, without blanks')
  else if (hasPlaceholder(token)) report.fault(at, 'expected no {placeholder}: nothing of a caller goes into credentials')
  else return { authorization: `Bearer ${token}` }
  return {}
}

function clientCredentials (auth: UpstreamAuthEntry, context: UpstreamAuthContext): UpstreamAuth {
  const { place, report, workingDirectory } = context
  const { tokenUrl, clientId, clientSecretEnv, scope, resource, audience, allowPrivateNetwork = false, tls } = auth
  for (const key of ['tokenUrl', 'clientId', 'clientSecretEnv'] as const) {
    if (auth[key] === undefined) report.fault(within(place, key), 'expected a value, because type is clientCredentials, but the key is missing')
  }
  if (tokenUrl !== undefined) checkTokenUrl(tokenUrl, allowPrivateNetwork, within(place, 'tokenUrl'), report)
  const clientSecret = clientSecretEnv === undefined ? undefined : secretIn(clientSecretEnv, context)
  if (tokenUrl === undefined || clientId === undefined || clientSecret === undefined) return {}
  return {
    credentials: {
      tokenUrl,
      clientId,
      clientSecret,
      clientAuthentication: auth.clientAuthentication as 'basic' | 'post' | undefined ?? 'basic',
      ...(scope === undefined ? {} : { scope }),
      ...(resource === undefined ? {} : { resource }),
      ...(audience === undefined ? {} : { audience }),
      allowPrivateNetwork,
      ...(tls === undefined ? {} : { tls: buildTls(tls, { place: within(place, 'tls'), workingDirectory, report }) })
    }
  }
}

function checkTokenUrl (url: string, allowPrivateNetwork: boolean, at: Place, report: Report): void {
  const checked = checkTargetUrl(url, allowPrivateNetwork)
  if (!checked.ok) report.fault(at, checked.error)
  else if (checked.value.hash !== '') report.fault(at, 'expected no fragment (RFC 6749 3.2)')
}

function secretIn (name: string, { place, report, lookup }: UpstreamAuthContext): string | undefined {
  const at = within(place, 'clientSecretEnv')
  const found = lookup(name)
  if (!found.ok) report.fault(at, found.error)
  else if (found.value === undefined || found.value === '') report.fault(at, `the environment variable ${name} is not set (nor ${name}_FILE)`)
  else return found.value
  return undefined
}
