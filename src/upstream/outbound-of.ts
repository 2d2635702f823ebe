import { createOutbound, OutboundError, type Outbound } from '../net/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { withCredentials } from './credentials/credentialed-outbound.ts'
import type { TokenSource } from './credentials/token-source.ts'

/**
 * Guarded connections to the server of an entry.
 * @param maxConnections at a time
 * @param tokens of an entry with credentials: every request carries one
 * @throws GatewayError GW_UPSTREAM_UNAVAILABLE for a URL that may not be called, GW_CONFIG for none
 */
export function outboundOf ({ transport, url, tls, allowPrivateNetwork }: ServerSettings, maxConnections: number, tokens?: TokenSource): Outbound {
  if (url === undefined) throw new GatewayError('GW_CONFIG', { reason: `an entry of transport ${transport} without url` })
  try {
    const outbound = createOutbound({ url, allowPrivateNetwork, maxConnections, ...(tls === undefined ? {} : { tls }) })
    return tokens === undefined ? outbound : withCredentials(outbound, tokens)
  } catch (thrown) {
    throw thrown instanceof OutboundError ? new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: thrown.reason }, thrown) : thrown
  }
}
