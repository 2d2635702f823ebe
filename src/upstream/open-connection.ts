import { GatewayError } from '../shared/errors.ts'
import { NotStreamable } from './http/not-streamable.ts'
import { openHttp } from './http/open-http.ts'
import { inTime } from './in-time.ts'
import { openSse } from './sse/open-sse.ts'
import type { StartOptions, StartTold } from './opening.ts'
import { startWorker } from './start-worker.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from './types.ts'

/**
 * Opens the server of a request, by its transport. The signal ends it at any point, and its reason is what is thrown then.
 *
 * The bounds of `pool` are about processes. A connection over HTTP costs some memory and at most a socket, and refusing users
 * for it at the number of processes a machine can bear would help nobody: sessions are bounded per user, and idle connections
 * are reaped.
 *
 * `interactive: true` holds for stdio, HTTP+SSE and session-era Streamable HTTP. There, what a server asks should come on the
 * stream of the call that it is about, but some ask on the session's own stream, and then only a single call leaves no doubt.
 */
export async function openConnection (options: StartOptions, request: ConnectionRequest, key: string, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Connection> {
  const { transport, startTimeoutMs } = request.server
  switch (transport) {
    // Waits for a turn and for an answer, each that long.
    case 'stdio': return await startWorker(options, request, key, told, verdicts, signal)
    case 'http': return await inTime(startTimeoutMs, signal, late, (either) => openEither(options, request, told, verdicts, either))
    case 'sse': return await inTime(startTimeoutMs, signal, late, (either) => openSse(options, request, told, verdicts, either))
  }
}

/** Entries often say `http` for a server of the older transport (MCP 2025-11-25 transports, backwards compatibility). */
async function openEither (options: StartOptions, request: ConnectionRequest, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Connection> {
  try {
    return await openHttp(options, request, told, verdicts, signal)
  } catch (thrown) {
    if (!(thrown instanceof NotStreamable) || request.server.era === 'modern') throw thrown
    return await openSse(options, request, told, verdicts, signal).catch((second: unknown) => {
      // Nothing of that kind there either: what Streamable HTTP said is the better reason.
      throw second instanceof GatewayError && second.code === 'GW_UPSTREAM_START' ? thrown : second
    })
  }
}

function late (): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'the server did not get ready in time' })
}
