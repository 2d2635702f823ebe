import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import type { AppOptions } from '../app-options.ts'
import type { Arrival } from './arrival.ts'
import type { OpenRequests } from './open-requests.ts'
import { createRequestLog } from './request-log.ts'
import { standingHeaders } from './standing-headers.ts'

/**
 * First and last touch of every request: noted before anything can refuse it; its answer gets its id and the security headers
 * as it is sent; when the answer has ended, or its client is gone, it is counted and logged once.
 */
export default fp<AppOptions & { readonly open: OpenRequests }>(async (app, options) => {
  const { clock, open } = options
  const log = createRequestLog(options)
  app.decorateRequest('arrival')

  app.addHook('onRoute', (route) => { options.telemetry.allow('route', [route.url]) })
  app.addHook('onRequest', (request, reply, done) => {
    request.arrival = arrivalOf(request, clock.nowMs())
    const { socket } = request.raw
    open.enter(request.raw, reply.raw)
    // It comes once anyway.
    reply.raw.on('close', () => {
      open.leave(socket)
      open.bodyBytes -= request.arrival.bodyBytes
      if (!request.arrival.handedOver) log.ended(request, reply)
    })
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.headers(standingHeaders(reply))
    done()
  })
}, { name: 'arrivals', dependencies: ['helmet-once'] })

function arrivalOf (request: FastifyRequest, startedMs: number): Arrival {
  const { config, url } = request.routeOptions
  return { startedMs, route: url, isPublic: config.public === true, isMcp: config.mcp === true, ownerKey: undefined, bodyBytes: 0, handedOver: false, audited: false, code: undefined, reason: undefined }
}
