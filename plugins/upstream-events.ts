import type { createGateway } from '../src/gateway/index.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'

type UpstreamEvents = Required<Pick<Parameters<typeof createGateway>[0]['events']['upstream'], 'circuit' | 'retried' | 'tokenFetched'>>

/** What is counted and logged of circuits, retries and tokens of servers over HTTP. Nothing of a token or an answer is in it. */
export function upstreamEvents (telemetry: Telemetry, logger: Logger): UpstreamEvents {
  return {
    circuit (server, state) {
      if (state === 'open') {
        telemetry.count('circuit_opened_total', { server }).inc()
        logger.warn({ event: 'circuit_open', server }, 'a server is down: its callers are told so at once until it answers')
      } else if (state === 'ramp') logger.info({ event: 'circuit_closed', server }, 'a server answers again')
    },
    retried: (server) => telemetry.count('upstream_retries_total', { server }).inc(),
    tokenFetched (server, outcome) {
      telemetry.count('upstream_token_fetch_total', { server, outcome }).inc()
      if (outcome === 'failed') logger.warn({ event: 'token_fetch_failed', server }, 'no token could be fetched for a server; /admin/servers/<name> says why')
    }
  }
}
