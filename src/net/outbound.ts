import { Pool } from 'undici'
import type { Client, buildConnector } from 'undici'
import { createAgeingClient } from './connection-age.ts'
import { createConnector } from './connector.ts'
import { systemResolve } from './guarded-lookup.ts'
import { OutboundError } from './outbound-error.ts'
import { checkTargetUrl } from './target-url.ts'
import type { Outbound, OutboundTarget, OutboundTimes, Resolve } from './types.ts'

const CONNECT_MS = 2_000
const MAX_CONNECTION_AGE_MS = 30_000
/** Idle connections end before common servers end them (5 s), so that no request meets a closing one. A server's own hint counts, up to the age. */
const IDLE_MS = 4_000
/** Headers of an answer, in bytes; what Node itself accepts. */
const MAX_HEADER_BYTES = 16_384

/**
 * Connections to one upstream server, made as requests need them.
 * @param resolve name resolution; default the system's
 * @throws OutboundError (`url`) if the URL is none that may ever be called; everything else fails the single request
 */
export function createOutbound (target: OutboundTarget, resolve: Resolve = systemResolve, times: OutboundTimes = {}): Outbound {
  const found = checkTargetUrl(target.url, target.allowPrivateNetwork)
  if (!found.ok) throw new OutboundError('url', found.error)
  const url = found.value
  const maxAgeMs = times.maxConnectionAgeMs ?? MAX_CONNECTION_AGE_MS
  const rules = { protocol: url.protocol as 'http:' | 'https:', allowPrivateNetwork: target.allowPrivateNetwork }
  const pool = new Pool(url.origin, {
    connections: target.maxConnections,
    connect: createConnector({ url, rules, tls: target.tls, resolve, connectMs: times.connectMs ?? CONNECT_MS }),
    factory: (origin, options) => createAgeingClient(origin, options as Client.Options & { connect: buildConnector.connector }, maxAgeMs),
    allowH2: false,
    pipelining: 1,
    // A tool call may think for minutes and a stream may be silent for hours: calls and streams have deadlines of their own.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: maxAgeMs
  })
  return {
    dispatcher: pool,
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    close: async () => { await pool.close() },
    destroy: () => { pool.destroy().catch(() => {}) }
  }
}
