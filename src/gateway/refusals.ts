import type { LimitRefusal } from '../limits/index.ts'
import { GatewayError } from '../shared/errors.ts'

/** What is said to whoever comes while the gateway shuts down. */
export function draining (): GatewayError {
  return new GatewayError('GW_DRAINING', { retryAfterS: 1 })
}

/** A limit's refusal as the error that carries Retry-After and the RateLimit-* numbers. */
export function limitError (refusal: LimitRefusal): GatewayError {
  return new GatewayError(refusal.code, { reason: refusal.name, retryAfterS: refusal.retryAfterS, rateLimit: refusal.window })
}
