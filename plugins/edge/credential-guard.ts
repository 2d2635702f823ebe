import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { challenge } from '../../src/auth/index.ts'
import type { AuthRefusal } from '../../src/auth/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import type { Principal } from '../../src/shared/principal.ts'
import { ok, type Result } from '../../src/shared/result.ts'
import type { AppOptions } from '../app-options.ts'
import { SCOPES_SUPPORTED } from './scopes-supported.ts'
import { hopOf } from '../replicas/hops.ts'

type Done = (error?: Error) => void

/**
 * Deny by default (T04, T05): every request needs a valid credential of a known tenant, unknown paths included, unless its
 * route says `config: { public: true }`. Refused requests are counted by address; requests with a valid credential are
 * not (rulings 3). Plain callbacks, because a cached verdict is the path of every call.
 */
export default fp<AppOptions>(async (app, { authenticator, policy, telemetry, audit }) => {
  const countByAddress = app.createRateLimit()
  const ipRefused = telemetry.count('limit_refusals_total', { limit: 'ip_requests' })
  app.decorateRequest('principal', undefined)

  app.addHook('onRequest', (request, reply, done) => {
    if (request.arrival.isPublic) return done()
    // Verified by the replica that hands it over; whose secret signed that says so.
    const handedOver = hopOf(request.raw)?.principal
    if (handedOver !== undefined) return settle(ok(handedOver), request, reply, done)
    const verdict = authenticator.authenticate(request.raw.rawHeaders, request.raw.url ?? '/')
    if (!(verdict instanceof Promise)) return settle(verdict, request, reply, done)
    verdict.then((late) => { settle(late, request, reply, done) }, done)
  })

  function settle (verdict: Result<Principal, AuthRefusal>, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (!verdict.ok) return refuse(verdict.error, request, reply, done)
    if (!policy.tenantKnown(verdict.value)) return refuse({ code: 'GW_AUTH_TENANT', reason: 'tenant' }, request, reply, done)
    request.principal = verdict.value
    done()
  }

  function refuse (refusal: AuthRefusal, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    telemetry.count('auth_refusals_total', { reason: refusal.reason }).inc()
    countByAddress(request).then((limit) => {
      if (!limit.isAllowed && limit.isExceeded) {
        ipRefused.inc()
        const resetS = Math.max(1, limit.ttlInSeconds)
        return done(new GatewayError('GW_LIMIT_RATE', { retryAfterS: resetS, reason: refusal.reason, rateLimit: { limit: limit.max, remaining: 0, resetS } }))
      }
      if (refusal.reason !== 'missing') record(refusal, request)
      const header = app.endpoints === undefined ? challenge(refusal) : challenge({ ...refusal, scopes: SCOPES_SUPPORTED }, app.endpoints.metadataUrl(request.raw.url ?? ''))
      if (header !== undefined) reply.header('www-authenticate', header)
      done(new GatewayError(refusal.code, { reason: refusal.reason }))
    }, done)
  }

  /** A credential was presented and refused: that is a decision to keep (R18). */
  function record (refusal: AuthRefusal, request: FastifyRequest): void {
    audit.record({ event: 'refused', requestId: request.id, outcome: 'refused', code: refusal.code, reason: refusal.reason, remoteAddress: request.ip })
    request.arrival.audited = true
  }
}, { name: 'credential-guard', dependencies: ['errors', 'rate-limit-on-demand'] })
