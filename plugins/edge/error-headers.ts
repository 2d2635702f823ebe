import type { FastifyReply } from 'fastify'
import type { GatewayError } from '../../src/shared/errors.ts'

/** Seconds named to callers that may come back, where nobody knew better. */
const DEFAULT_RETRY_AFTER_S = 1

/**
 * Headers that belong to a refusal besides its status: when to come back, and what the tightest window says (rulings 3).
 * Also notes the refusal for the request's log line. Headers that a route or guard has set already (WWW-Authenticate,
 * Allow) stay.
 */
export function setErrorHeaders (reply: FastifyReply, error: GatewayError): void {
  const { status } = error.row
  const { retryAfterS, rateLimit, reason } = error.details
  reply.request.arrival.code = error.code
  reply.request.arrival.reason = reason
  if (status === 429 || status === 503) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterS ?? DEFAULT_RETRY_AFTER_S)))
  if (rateLimit === undefined) return
  reply.headers({ 'ratelimit-limit': rateLimit.limit, 'ratelimit-remaining': rateLimit.remaining, 'ratelimit-reset': rateLimit.resetS })
}
