import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../../src/shared/errors.ts'
import type { AppOptions } from '../app-options.ts'
import { createHostList } from './host-list.ts'

/** Names under which a loopback listener is reached. Anything else is a page that had its name point here (T29). */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Management listener: needs no token while the listener is bound to loopback. */
    openOnLoopback?: boolean
  }
}

/**
 * The management token, on every path (rulings 2, T59): `Authorization: Bearer <token>`, compared in constant time. Without
 * a configured token everything is 404, except /metrics on a loopback address, asked for by a loopback name.
 */
export default fp<AppOptions>(async (app, { settings }) => {
  const { host, token } = settings.management
  const expected = token === undefined ? undefined : digest(token)
  const loopbackNames = createHostList(LOOPBACK_NAMES)
  const boundToLoopback = isLoopback(host)

  app.addHook('onRequest', (request, reply, done) => {
    if (expected !== undefined && timingSafeEqual(digest(bearer(request)), expected)) return done()
    const isOpen = request.routeOptions.config.openOnLoopback === true && boundToLoopback
    if (isOpen && request.headers.authorization === undefined && loopbackNames.allows(request.headers.host ?? '')) return done()
    if (expected === undefined) return done(new GatewayError('GW_HTTP_NOT_FOUND'))
    reply.header('www-authenticate', 'Bearer')
    done(new GatewayError(request.headers.authorization === undefined ? 'GW_AUTH_REQUIRED' : 'GW_AUTH_INVALID', { publicMessage: 'The management token is required: Authorization: Bearer <token>.' }))
  })
}, { name: 'management-guard' })

/** Hashed first, so that lengths differ neither in time nor in an exception. */
function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function bearer (request: FastifyRequest): string {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

function isLoopback (host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
