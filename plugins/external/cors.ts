import cors from '@fastify/cors'
import type { FastifyCorsOptions } from '@fastify/cors'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'

/** plugins/app/edge.ts registers this one: preflights are answered after the Host and Origin guards, before the credential. */
export const autoload = false

const HEADERS_IN = [
  'Authorization', 'X-API-Key', 'Content-Type', 'Accept', 'Mcp-Session-Id', 'MCP-Protocol-Version', 'Last-Event-ID', 'Mcp-Method', 'Mcp-Name', 'Idempotency-Key'
]
const HEADERS_OUT = [
  'Mcp-Session-Id', 'X-Request-Id', 'WWW-Authenticate', 'Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'
]
/** Arguments of tools that are mirrored in headers: their names come from the tools (MCP 2026-07-28 transports, SEP-2243). */
const MIRRORED = /^mcp-param-[!#$%&'*+\-.^_`|~0-9a-z]+$/i
/** Seconds a browser may remember a preflight. Ten minutes: a removed Origin is refused by the guard at once anyway. */
const MAX_AGE_S = 600

/**
 * CORS for the Origins of `http.allowedOrigins`, compared whole; off while the list is empty. No wildcard, no reflection of
 * unlisted Origins, no cookies (T29). The Origin guard refuses the others whatever this says.
 */
export default fp<AppOptions>(async (app, { settings }) => {
  const { allowedOrigins } = settings.http
  app.decorate('hasCors', allowedOrigins.length > 0)
  if (allowedOrigins.length === 0) return
  const off: FastifyCorsOptions = { origin: false }
  const on: FastifyCorsOptions = {
    origin: [...allowedOrigins],
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: HEADERS_IN,
    exposedHeaders: HEADERS_OUT,
    credentials: false,
    maxAge: MAX_AGE_S
  }
  await app.register(cors, {
    delegator: (request, callback) => {
      const { origin, 'access-control-request-method': method } = request.headers
      const applies = origin !== undefined && allowedOrigins.includes(origin) && (request.method !== 'OPTIONS' || method !== undefined)
      callback(null, applies ? withMirrored(on, request.headers['access-control-request-headers']) : off)
    }
  })
}, { name: 'cors-by-list' })

/** Also allows the headers of mirrored arguments that a preflight asks for. */
function withMirrored (options: FastifyCorsOptions, requested: string | undefined): FastifyCorsOptions {
  const mirrored = requested?.split(',').map((name) => name.trim()).filter((name) => MIRRORED.test(name))
  return mirrored === undefined || mirrored.length === 0 ? options : { ...options, allowedHeaders: [...HEADERS_IN, ...mirrored] }
}
