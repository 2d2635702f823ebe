import fp from 'fastify-plugin'
import { GatewayError } from '../../src/shared/errors.ts'
import type { AppOptions } from '../app-options.ts'
import { createHostList } from './host-list.ts'

/**
 * Refuses requests for hosts that are not served here: 421 (T29, DNS rebinding). Two Host headers are malformed, and an
 * absolute-form target names a host of its own, which must be ours as well (RFC 9112 3.2.2).
 */
export default fp<AppOptions>(async (app, { settings, telemetry }) => {
  const hosts = createHostList(settings.http.allowedHosts)
  const refused = telemetry.count('edge_refusals_total', { reason: 'host' })
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, rawHeaders, url = '/' } = request.raw
    if (countHosts(rawHeaders) > 1) return done(new GatewayError('GW_HTTP_BAD_REQUEST', { reason: 'more than one Host header' }))
    if (hosts.allows(headers.host ?? '') && (url.startsWith('/') || hosts.allows(authorityOf(url)))) return done()
    refused.inc()
    done(new GatewayError('GW_HTTP_HOST', { reason: `host ${headers.host ?? ''}` }))
  })
}, { name: 'host-guard' })

/** Node keeps only the first of several Host headers; all are seen here. */
function countHosts (rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts
}

/** The authority of an absolute-form target; empty, which is never allowed, for anything else (`*`, `host:port`). */
function authorityOf (target: string): string {
  return /^https?:\/\/([^/?#\\@]*)(?:[/?]|$)/i.exec(target)?.[1] ?? ''
}
