import { checkTargetUrl } from '../../src/net/index.ts'
import type { PolicyHookSettings } from '../../src/shared/settings/policy-hook.ts'
import { DEFAULTS } from '../defaults.ts'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { PolicyHookEntry } from '../schema/policy.ts'
import { checkHeaders } from './upstream-headers.ts'
import { buildTls } from './upstream-tls.ts'

/** `policy.hook` with its defaults; `undefined` when there is none. */
export function buildPolicyHook (entry: PolicyHookEntry | undefined, place: Place, context: { readonly report: Report, readonly workingDirectory: string }): PolicyHookSettings | undefined {
  if (entry === undefined) return undefined
  const { report } = context
  const hook = { ...DEFAULTS.policyHook, allowPrivateNetwork: DEFAULTS.allowPrivateNetwork, ...entry }
  const found = checkTargetUrl(hook.url, hook.allowPrivateNetwork)
  if (!found.ok) report.fault(within(place, 'url'), found.error)
  checkHeaders(entry.headers, place, report)
  const { tls, ...rest } = hook
  return {
    ...rest,
    whenAway: hook.whenAway as PolicyHookSettings['whenAway'],
    headers: entry.headers ?? {},
    ...(tls === undefined ? {} : { tls: buildTls(tls, { place: within(place, 'tls'), ...context }) })
  }
}
