import type { LimitRefusal } from '../limits/index.ts'
import { GatewayError } from '../shared/errors.ts'

/** A limit's refusal as the error that carries Retry-After and the RateLimit-* numbers. */
export function limitError (refusal: LimitRefusal): GatewayError {
  return new GatewayError(refusal.code, { reason: refusal.name, retryAfterS: refusal.retryAfterS, rateLimit: refusal.window })
}
