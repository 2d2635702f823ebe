import { GatewayError } from '../../shared/errors.ts'
import type { ServerHealth } from './server-health.ts'

/**
 * May a connection be opened to a server, as far as all who use it know (FR14)?
 * @param health undefined = of a process: starts have a breaker of their own
 * @returns set when this opening is to tell whether the server is back; to be called with what it failed with, or undefined
 * @throws GatewayError GW_UPSTREAM_UNAVAILABLE while the server is known to be down
 */
export function passGate (health: ServerHealth | undefined): ((error: GatewayError | undefined) => void) | undefined {
  const outcome = health?.mayOpen() ?? 0
  if (outcome === 'probe') return (error) => { endProbe(health, error) }
  if (outcome > 0) throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'the circuit is open', retryAfterS: Math.ceil(outcome / 1000) })
  return undefined
}

/** Whoever left, or was stopped by us, has found out nothing. */
function endProbe (health: ServerHealth | undefined, error: GatewayError | undefined): void {
  if (error?.code === 'GW_CANCELLED' || error?.code === 'GW_DRAINING') health?.withdrawn()
  else health?.probed(error?.code !== 'GW_UPSTREAM_UNAVAILABLE')
}
