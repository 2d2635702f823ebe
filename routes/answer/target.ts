import type { FastifyRequest } from 'fastify'
import type { Caller, Gateway } from '../../src/gateway/index.ts'
import type { SessionRoute } from '../../src/session/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'

/** Who calls, as the guards verified it. */
export function callerOf (request: FastifyRequest): Caller {
  if (request.principal === undefined) throw new GatewayError('GW_AUTH_REQUIRED')
  const key = request.headers['idempotency-key']
  if (key === undefined) return { principal: request.principal, requestId: request.id, trail: request.arrival }
  return { principal: request.principal, requestId: request.id, trail: request.arrival, idempotencyKey: String(key) }
}

const AGGREGATE: SessionRoute = { kind: 'aggregate' }

/** The endpoint that a URL names: one server, or all of them. Unknown and not allowed are the same 404 (rulings 2). */
export function routeOf (request: FastifyRequest, gateway: Gateway): SessionRoute {
  const { name } = request.params as { readonly name?: string }
  if (name === undefined) return AGGREGATE
  const { principal } = callerOf(request)
  const server = gateway.serverNamed(principal, name)
  if (server === undefined) throw new GatewayError('GW_ROUTE_SERVER')
  return serverRoute(server)
}

const routes = new Map<string, SessionRoute>()

/** Configured names only reach this, so the map stays as small as the config. */
function serverRoute (server: Extract<SessionRoute, { kind: 'server' }>['server']): SessionRoute {
  let route = routes.get(server)
  if (route === undefined) routes.set(server, route = Object.freeze({ kind: 'server', server }))
  return route
}
