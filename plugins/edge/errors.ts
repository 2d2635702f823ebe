import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createEndpoints } from '../../src/auth/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { safeText } from '../../src/telemetry/index.ts'
import type { AppOptions } from '../app-options.ts'
import { JSON_TYPE, errorBody } from './error-body.ts'
import { setErrorHeaders } from './error-headers.ts'
import { isWaitingToSend } from './expectations.ts'
import { toHttpFault } from './http-fault.ts'
import { linger } from './linger.ts'

/** A client somewhat over the cap gets to send it all and to read its refusal; one far over it is cut. */
const LINGER_FACTOR = 4

/**
 * The one place where a refusal or fault becomes an HTTP answer (R42): status, Retry-After and the public sentence of its
 * catalogue row. Causes, stacks and reasons stay in the log; headers a route or guard has set (WWW-Authenticate,
 * RateLimit-*, Allow) stay on the answer.
 */
export default fp<AppOptions>(async (app, { logger, settings }) => {
  const { oauth } = settings.auth
  app.decorate('endpoints', oauth === undefined ? undefined : createEndpoints(oauth.resource))
  app.setErrorHandler((thrown, request, reply) => {
    answer(toHttpFault(thrown), request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    answer(new GatewayError('GW_HTTP_NOT_FOUND'), request, reply)
  })

  function answer (fault: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
    setErrorHeaders(reply, fault)
    if (fault.code === 'GW_INTERNAL') report(fault, request)
    keepConnection(fault, request, reply)
    linger(request.raw, LINGER_FACTOR * settings.http.maxBodyBytes)
    reply.code(fault.row.status).header('content-type', JSON_TYPE).send(errorBody(fault, request.id, request.arrival.isMcp))
  }

  /** Fastify closes connections whose body it did not finish; reading on keeps them usable, and the answer readable. */
  function keepConnection (fault: GatewayError, request: FastifyRequest, reply: FastifyReply): void {
    if (isWaitingToSend(request.raw)) reply.header('connection', 'close')
    else if (reply.getHeader('connection') !== undefined && fault.code !== 'GW_DRAINING') reply.header('connection', reply.raw.shouldKeepAlive ? 'keep-alive' : 'close')
  }

  function report (fault: GatewayError, request: FastifyRequest): void {
    logger.error({ request_id: request.id, route: request.arrival.route, reason: safeText(fault.details.reason ?? ''), err: fault.cause ?? fault }, 'request failed')
  }
}, { name: 'errors' })
