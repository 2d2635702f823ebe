import { GatewayError } from '../shared/errors.ts'
import { startWorker, type StartOptions, type StartTold } from './start-worker.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from './types.ts'

/** Opens the server of a request, by its transport. The signal ends it at any point, and its reason is what is thrown then. */
export async function openConnection (options: StartOptions, request: ConnectionRequest, key: string, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Connection> {
  const { transport } = request.server
  if (transport === 'stdio') return await startWorker(options, request, key, told, verdicts, signal)
  throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: `transport ${transport} is not served by this version` })
}
