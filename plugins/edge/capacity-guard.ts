import fp from 'fastify-plugin'
import { GatewayError } from '../../src/shared/errors.ts'
import type { AppOptions } from '../app-options.ts'
import type { OpenRequests } from './open-requests.ts'
import { MAX_HELD_BYTES } from './json-body.ts'
import { Pressure } from './pressure.ts'

/** Ten thousand sessions with one open stream each; each costs about 32 KiB. */
const DEFAULT_MAX_IN_FLIGHT = 10_000
/** Seconds until a refused caller should come back. */
const RETRY_AFTER_S = 1

/**
 * Refuses work that the process as a whole cannot take: while it closes, over the caps on requests and bytes in flight, near
 * the end of its memory, and while the event loop is late for seconds (FR31, FR34, FR35, FR37). Probes are never refused: a busy gateway is not a dead one.
 */
export default fp<AppOptions & { readonly open: OpenRequests }>(async (app, options) => {
  const { telemetry, clock, open, memory, maxHeldBytes = MAX_HELD_BYTES } = options
  const maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT
  const counts = {
    inFlight: telemetry.count('limit_refusals_total', { limit: 'in_flight' }),
    memory: telemetry.count('limit_refusals_total', { limit: 'memory' }),
    overloaded: telemetry.count('edge_refusals_total', { reason: 'overloaded' }),
    draining: telemetry.count('edge_refusals_total', { reason: 'draining' })
  }
  const inFlight = telemetry.level('http_requests_in_flight')
  telemetry.beforeScrape(() => { inFlight.set(open.count) })

  const pressure = new Pressure()
  let isOverloaded = false
  let isClosing = false
  const timer = setInterval(() => {
    isOverloaded = pressure.isOver(app.loopDelayMs(), clock.nowMs())
    memory?.look()
  }, 1000).unref()
  app.addHook('preClose', (done) => { isClosing = true; done() })
  app.addHook('onClose', (_instance, done) => { clearInterval(timer); done() })

  app.addHook('onRequest', (request, reply, done) => {
    if (request.arrival.isPublic) return done()
    if (isClosing) {
      counts.draining.inc()
      reply.header('connection', 'close')
      return done(new GatewayError('GW_DRAINING', { retryAfterS: RETRY_AFTER_S }))
    }
    if (open.count > maxInFlight) {
      counts.inFlight.inc()
      return done(new GatewayError('GW_LIMIT_IN_FLIGHT', { retryAfterS: RETRY_AFTER_S }))
    }
    if (open.heldBytes > maxHeldBytes || memory?.full === true) {
      counts.memory.inc()
      return done(new GatewayError('GW_LIMIT_IN_FLIGHT', { retryAfterS: RETRY_AFTER_S, reason: 'memory' }))
    }
    if (isOverloaded) {
      counts.overloaded.inc()
      return done(new GatewayError('GW_OVERLOADED', { retryAfterS: RETRY_AFTER_S }))
    }
    done()
  })
}, { name: 'capacity-guard', dependencies: ['loop-delay'] })
