import { createDial } from './dial.ts'
import { systemResolve } from './guarded-lookup.ts'
import { Http1Pool } from './http1-pool.ts'
import { OutboundError } from './outbound-error.ts'
import { RequestHead } from './request-head.ts'
import { checkTargetUrl } from './target-url.ts'
import type { Outbound, OutboundTarget, OutboundTimes, Resolve } from './types.ts'

const CONNECT_MS = 2_000
const MAX_CONNECTION_AGE_MS = 30_000

/**
 * Connections to one upstream server, made as requests need them.
 * @param resolve name resolution; default the system's
 * @throws OutboundError (`url`) if the URL is none that may ever be called; everything else fails the single request
 */
export function createOutbound (target: OutboundTarget, resolve: Resolve = systemResolve, times: OutboundTimes = {}): Outbound {
  const found = checkTargetUrl(target.url, target.allowPrivateNetwork)
  if (!found.ok) throw new OutboundError('url', found.error)
  const url = found.value
  const path = `${url.pathname}${url.search}`
  const rules = { protocol: url.protocol as 'http:' | 'https:', allowPrivateNetwork: target.allowPrivateNetwork }
  const pool = new Http1Pool({
    dial: createDial({ url, rules, tls: target.tls, resolve, connectMs: times.connectMs ?? CONNECT_MS }),
    maxConnections: target.maxConnections,
    maxAgeMs: times.maxConnectionAgeMs ?? MAX_CONNECTION_AGE_MS
  })
  return {
    origin: url.origin,
    path,
    head: (method, headers, own = path) => RequestHead.of(method, own, url.host, headers),
    send: (head, body, listener) => pool.send(head, body, listener),
    destroy: () => { pool.destroy() }
  }
}
