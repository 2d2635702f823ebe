import type { FastifyReply } from 'fastify'
import { challenge } from '../../src/auth/index.ts'
import type { GatewayError } from '../../src/shared/errors.ts'

/** Seconds named to callers that may come back, where nobody knew better. */
const DEFAULT_RETRY_AFTER_S = 1

/**
 * Headers that belong to a refusal besides its status: when to come back, what the tightest window says (rulings 3), which
 * scopes are missing (RFC 6750 3.1, T54).
 * Also notes the refusal for the request's log line. Headers that a route or guard has set already (WWW-Authenticate,
 * Allow) stay.
 */
export function setErrorHeaders (reply: FastifyReply, error: GatewayError): void {
  const { status } = error.row
  const { retryAfterS, rateLimit, reason, scopes } = error.details
  reply.request.arrival.code = error.code
  reply.request.arrival.reason = reason
  if (status === 429 || status === 503) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterS ?? DEFAULT_RETRY_AFTER_S)))
  if (error.code === 'GW_AUTH_SCOPE') setChallenge(reply, scopes ?? [])
  if (rateLimit !== undefined) reply.headers({ 'ratelimit-limit': rateLimit.limit, 'ratelimit-remaining': rateLimit.remaining, 'ratelimit-reset': rateLimit.resetS })
}

function setChallenge (reply: FastifyReply, scopes: readonly string[]): void {
  const header = challenge({ code: 'GW_AUTH_SCOPE', scopes }, reply.server.endpoints?.metadataUrl(reply.request.raw.url ?? ''))
  if (header !== undefined) reply.header('www-authenticate', header)
}
