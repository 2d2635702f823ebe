import type { BreakerSettings, RetrySettings } from '../../src/shared/settings/resilience.ts'
import { DEFAULTS } from '../defaults.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'

/** `retries` and `breaker` as they stand in a file or in an entry. */
export type ResilienceEntry = Pick<GatewayFile, 'retries' | 'breaker'>

/** What an entry says, then what the file says, then the defaults; key by key. */
export function retriesOf (own: ResilienceEntry, common: ResilienceEntry): RetrySettings {
  return { ...DEFAULTS.retries, ...common.retries, ...own.retries }
}

/** The same for the circuit breaker. Undefined: it is switched off. */
export function breakerOf (own: ResilienceEntry, common: ResilienceEntry): BreakerSettings | undefined {
  const { enabled = true, ...numbers } = { ...common.breaker, ...own.breaker }
  const breaker = { ...DEFAULTS.breaker, ...numbers }
  return enabled ? { ...breaker, maxOpenMs: Math.max(breaker.openMs, breaker.maxOpenMs) } : undefined
}
