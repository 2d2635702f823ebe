import fp from 'fastify-plugin'
import { GatewayError } from '../../src/shared/errors.ts'
import type { AppOptions } from '../app-options.ts'
import { createHostList } from './host-list.ts'

const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/

/**
 * Refuses requests that a browser sent for a page we do not know: 403 (MCP 2025-11-25 transports, T29). Let through: no
 * Origin at all, the operator's list, the public URL itself, and pages of this machine while its loopback names are
 * served here. Credentials travel in headers only, so this is the second lock, not the first.
 */
export default fp<AppOptions>(async (app, { settings, telemetry }) => {
  const { allowedOrigins, allowedHosts, publicUrl } = settings.http
  const allowed = new Set([...allowedOrigins, new URL(publicUrl).origin])
  const hosts = createHostList(allowedHosts)
  const refused = telemetry.count('edge_refusals_total', { reason: 'origin' })
  app.addHook('onRequest', (request, _reply, done) => {
    const { origin } = request.headers
    if (origin === undefined || allowed.has(origin) || isServedLoopback(origin)) return done()
    refused.inc()
    done(new GatewayError('GW_HTTP_ORIGIN', { reason: `origin ${origin}` }))
  })

  function isServedLoopback (origin: string): boolean {
    const host = LOOPBACK_ORIGIN.exec(origin)?.[1]
    return host !== undefined && hosts.allows(host)
  }
}, { name: 'origin-guard' })
