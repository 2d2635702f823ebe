import type { Place, Report } from '../fault.ts'
import { within } from '../fault.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { AuthSettings } from '../../src/shared/settings/auth.ts'
import { isLoopback } from './addresses.ts'

/** Is there anything a caller could identify itself with? */
export function hasCredentials (auth: AuthSettings): boolean {
  return auth.apiKeys.length > 0 || auth.jwt.length > 0 || (auth.introspection ?? []).length > 0
}

/** Listeners that would be open to the wrong people, or to nobody (T62). */
export function checkExposure (settings: Settings, hostOverridden: boolean, main: Place, report: Report): void {
  const { listen, management, auth, mode } = settings
  if (!hasCredentials(auth) && !report.isBroken(within(main, 'auth'))) {
    if (!isLoopback(listen.host)) report.fault(within(main, 'auth'), `expected at least one entry in auth.apiKeys or auth.jwt, because the gateway listens on ${listen.host}${hostOverridden ? ' (set by --host or HOST)' : ''}, beyond this machine`)
    else if (mode === 'production') report.warn(within(main, 'auth'), 'has neither apiKeys nor jwt, so every call is refused')
  }
  if (listen.port !== 0 && listen.port === management.port && listen.host === management.host) {
    report.fault(within(main, 'management', 'port'), `expected another port than listen.port, got ${management.port} for both`)
  }
  if (!isLoopback(management.host) && management.token === undefined) {
    report.warn(within(main, 'management', 'host'), 'is reachable from outside and DRAWBRIDGE_MANAGEMENT_TOKEN is not set, so /metrics and /admin answer nobody')
  }
}
