import { GatewayError } from '../../shared/errors.ts'

/**
 * The server refused every era, and initialize with a status that servers of the 2024-11-05 transport give to a POST on
 * their stream's URL: 400, 404 or 405 (MCP 2025-11-25 transports, backwards compatibility). HTTP+SSE is worth a try; who
 * does not try has an ordinary GW_UPSTREAM_START in hand.
 */
export class NotStreamable extends GatewayError {
  /** Status of the answer to initialize. */
  readonly status: number

  constructor (status: number) {
    super('GW_UPSTREAM_START', { reason: `initialize was refused with status ${status}: no Streamable HTTP here` })
    this.name = 'NotStreamable'
    this.status = status
  }
}
