import fp from 'fastify-plugin'
import { GatewayError } from '../../src/shared/errors.ts'
import type { AppOptions } from '../app-options.ts'

/** Seconds until a refused caller should come back. */
const RETRY_AFTER_S = 2

/**
 * With `audit.whenFull: block`, requests wait while audit records cannot be written, and are refused when that goes on: what cannot
 * be recorded is not done (FR38, T60). Nothing is hooked in otherwise.
 */
export default fp<AppOptions>(async (app, { audit, telemetry }) => {
  const { room } = audit
  if (room === undefined) return
  const refused = telemetry.count('edge_refusals_total', { reason: 'audit' })
  app.addHook('onRequest', (request, _reply, done) => {
    const waiting = request.arrival.isPublic || request.method !== 'POST' ? undefined : room()
    if (waiting === undefined) return done()
    waiting.then((isThereRoom) => {
      if (isThereRoom) return done()
      refused.inc()
      done(new GatewayError('GW_OVERLOADED', { retryAfterS: RETRY_AFTER_S, reason: 'audit' }))
    }, done)
  })
}, { name: 'audit-guard' })
