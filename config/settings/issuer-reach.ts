import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { checkTargetUrl } from '../../src/net/index.ts'
import type { TokenIdentitySettings } from '../../src/shared/settings/auth.ts'
import type { IntrospectionEntry, JwtIssuerEntry } from '../schema/auth.ts'
import { isLoopbackUrl } from './addresses.ts'
import { buildTls } from './upstream-tls.ts'

/** What an issuer's addresses are read against. */
export interface ReachContext {
  readonly mode: 'development' | 'production'
  readonly workingDirectory: string
  readonly report: Report
}

/** How the issuer of an entry is reached: private addresses only by the switch (T47), certificates from their files. */
export function buildReach (entry: JwtIssuerEntry | IntrospectionEntry, place: Place, { workingDirectory, report }: ReachContext): Pick<TokenIdentitySettings, 'allowPrivateNetwork' | 'tls'> {
  return {
    ...(entry.allowPrivateNetwork === true ? { allowPrivateNetwork: true } : {}),
    ...(entry.tls === undefined ? {} : { tls: buildTls(entry.tls, { place: within(place, 'tls'), workingDirectory, report }) })
  }
}

/**
 * An address that keys are fetched from, or tokens sent to. In the clear they can be read and replaced on the way (T62), so
 * plain http is for loopback, and with the switch for private addresses outside production.
 */
export function checkIssuerUrl (url: string, allowPrivateNetwork: boolean, place: Place, { mode, report }: ReachContext): void {
  const isLocal = isLoopbackUrl(url)
  const checked = checkTargetUrl(url, allowPrivateNetwork || isLocal)
  if (!checked.ok) return report.fault(place, checked.error)
  if (isLocal || !/^http:/i.test(url)) return
  if (mode === 'production') report.fault(place, 'expected https:// outside loopback addresses')
  else report.warn(place, 'is plain http; production mode refuses it')
}
