import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Count, Observe } from '../../src/telemetry/index.ts'
import { OTHER, safeText } from '../../src/telemetry/index.ts'
import type { AppOptions } from '../app-options.ts'
import { hopOf } from '../replicas/hops.ts'
import { CLIENT_ADDRESS_HEADER } from './client-address.ts'

/** Says that an answer has ended, once per request. */
export interface RequestLog {
  ended (request: FastifyRequest, reply: FastifyReply): void
}

/** Handles of one route, looked up by what is at hand: joining labels to one key would cost more than counting. */
interface RouteMeter {
  readonly seconds: Observe
  /** By method, then by the first digit of the status. */
  readonly counts: Map<string, Count[]>
}

/** nginx's number for a client that left before its answer; only ever in logs. */
const CLIENT_GONE = 499

/**
 * Counts each ended request and writes one line about it, unless an audit line already tells of it or it was an answered
 * probe. The query is left out and the path is cut: both are the caller's (T58).
 */
export function createRequestLog ({ telemetry, logger, clock, peers }: AppOptions): RequestLog {
  const meters = new Map<string, RouteMeter>()

  const meterOf = (route: string): RouteMeter => {
    const known = meters.get(route)
    if (known !== undefined) return known
    const made: RouteMeter = { seconds: telemetry.observe('http_request_seconds', { route }), counts: new Map() }
    meters.set(route, made)
    return made
  }
  const count = (route: string, { counts }: RouteMeter, method: string, hundreds: number): Count => {
    let byClass = counts.get(method)
    if (byClass === undefined) counts.set(method, byClass = [])
    const known = byClass[hundreds]
    if (known !== undefined) return known
    const made = telemetry.count('http_requests_total', { route, method, status_class: `${hundreds}xx` })
    byClass[hundreds] = made
    return made
  }

  return {
    ended: (request, reply) => {
      const { arrival } = request
      const status = reply.raw.headersSent ? reply.raw.statusCode : CLIENT_GONE
      const durationMs = clock.nowMs() - arrival.startedMs
      const route = arrival.route ?? OTHER
      const meter = meterOf(route)
      count(route, meter, request.method, Math.floor(status / 100)).inc()
      meter.seconds.observe(durationMs / 1000)
      if (!arrival.audited && !(arrival.isPublic && status < 400) && logger.enabled('info')) writeLine(request, reply, status, durationMs)
    }
  }

  function writeLine (request: FastifyRequest, reply: FastifyReply, status: number, durationMs: number): void {
    const { arrival, principal } = request
    logger.record({
      request_id: request.id,
      tenant: principal === undefined ? undefined : safeText(principal.tenant),
      user: principal === undefined ? undefined : safeText(principal.user),
      http_method: request.method,
      path: safeText(request.raw.url?.split('?', 1)[0] ?? ''),
      status,
      code: arrival.code,
      reason: arrival.reason === undefined ? undefined : safeText(arrival.reason),
      aborted: reply.raw.writableFinished ? undefined : true,
      remote_address: addressOf(request, peers),
      duration_ms: Math.round(durationMs * 1000) / 1000
    }, 'request')
  }
}

/** A believed proxy may pass on what a client wrote; a connection that is gone has no address any more. */
function addressOf (request: FastifyRequest, peers: AppOptions['peers']): string | undefined {
  const handedOver = hopOf(request.raw)?.clientAddress ?? (peers?.incoming.has(request.raw.socket) === true ? request.headers[CLIENT_ADDRESS_HEADER] : undefined)
  const address = handedOver?.toString() ?? request.ip as string | undefined
  return address === undefined ? undefined : safeText(address)
}
