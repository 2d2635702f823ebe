import { ownCodeOf } from '../../protocol/index.ts'
import { GatewayError, type ErrorCode } from '../../shared/errors.ts'
import { baseHeaders } from '../http/request-headers.ts'
import type { HttpStartOptions } from '../http/types.ts'
import { openWire } from '../open-wire.ts'
import type { WireConnection } from '../wire-connection.ts'
import type { StartTold } from '../opening.ts'
import { outboundOf } from '../outbound-of.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from '../types.ts'
import { SseWire } from './sse-wire.ts'

/** Connections of one wire: the stream, and messages on their way at once. */
const MAX_CONNECTIONS = 33
/** How long a stream may say nothing before the server is asked whether it is still there; proxies commonly cut after a minute. */
const QUIET_MS = 50_000
/** How long it may take to answer that. Longer than for a process: there is a network between. */
const GRACE_MS = 10_000

/** For tests. */
export interface SseTimes { readonly quietMs?: number, readonly graceMs?: number }

/**
 * From a request to an initialized server of the 2024-11-05 transport, which is legacy by its nature. The stream's end is the
 * connection's end (FR01). The signal ends it at any point, and its reason is what is thrown then; otherwise a GatewayError:
 * GW_UPSTREAM_AUTH (401, 403), GW_UPSTREAM_UNAVAILABLE (no connection, 5xx), GW_UPSTREAM_START.
 */
export async function openSse (options: HttpStartOptions, request: ConnectionRequest, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal, times: SseTimes = {}): Promise<Connection> {
  const { server } = request
  if (server.era === 'modern') throw new GatewayError('GW_UPSTREAM_START', { reason: 'HTTP+SSE is a transport of the legacy era, and the entry allows the modern era only' })
  const shared = options.healths?.of(server)
  const wire = new SseWire({
    outbound: outboundOf(server, MAX_CONNECTIONS, shared?.tokens),
    health: shared?.health,
    headers: baseHeaders(server, options.version),
    quietMs: times.quietMs ?? QUIET_MS,
    onFault: (kind) => { options.onFault(server.name, kind) }
  })
  const give = (): void => { wire.kill() }
  signal.addEventListener('abort', give, { once: true })
  try {
    await wire.open(signal)
    const plan = { first: 'legacy', mayTryOther: false, probeMs: server.startTimeoutMs, answerMs: server.startTimeoutMs, graceMs: times.graceMs ?? GRACE_MS } as const
    const { connection } = await openWire(options, request, wire, plan, told, signal)
    // POSTs overtake each other; no call may overtake the end of the handshake.
    await wire.drained()
    signal.throwIfAborted()
    wire.onQuiet = () => connection.checkAlive()
    wire.isGuarded = true
    connection.alive = (timeoutMs) => isAlive(wire, connection, timeoutMs)
    verdicts.speaks(server, 'legacy')
    return connection
  } catch (thrown) {
    if (!signal.aborted && thrown instanceof GatewayError && thrown.code === 'GW_UPSTREAM_UNAVAILABLE') shared?.health.failed()
    wire.kill()
    throw signal.aborted || wire.refusal === undefined ? thrown : new GatewayError(codeOfOpening(wire.refusal), { reason: 'the server did not take initialize' }, thrown)
  } finally {
    signal.removeEventListener('abort', give)
  }
}

/** A ping of ours, past the guard; one that is refused was answered all the same. */
async function isAlive (wire: SseWire, connection: WireConnection, timeoutMs: number): Promise<boolean> {
  wire.isGuarded = false
  const asking = connection.ask('ping', {}, timeoutMs)
  wire.isGuarded = true
  const { error } = await asking
  return error === undefined || ownCodeOf(error) === undefined
}

/** What a refused message means while no call has been sent yet: nothing can have run. */
function codeOfOpening (refusal: ErrorCode): ErrorCode {
  if (refusal === 'GW_UPSTREAM_LOST') return 'GW_UPSTREAM_UNAVAILABLE'
  return refusal === 'GW_UPSTREAM_PROTOCOL' ? 'GW_UPSTREAM_START' : refusal
}
