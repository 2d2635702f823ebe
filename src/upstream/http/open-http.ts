import { GatewayError } from '../../shared/errors.ts'
import type { Era } from '../../shared/era.ts'
import { clientInfo } from '../client-info.ts'
import type { StartTold } from '../opening.ts'
import { outboundOf } from '../outbound-of.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from '../types.ts'
import { MAX_CONNECTIONS } from './caps.ts'
import { discover } from './discover.ts'
import type { Hop } from './hop.ts'
import { LegacyConnection } from './legacy-connection.ts'
import { shakeHands, type LegacySession } from './legacy-session.ts'
import { ModernConnection } from './modern-connection.ts'
import { NotStreamable } from './not-streamable.ts'
import { baseHeaders } from './request-headers.ts'
import type { HttpStartOptions, OpenHttp } from './types.ts'

/** One opening. */
interface Opening {
  readonly options: HttpStartOptions
  readonly request: ConnectionRequest
  readonly told: StartTold
  readonly verdicts: EraVerdicts
  readonly signal: AbortSignal
  readonly hop: Hop
  readonly endMs: number
}

/** The server does not speak an era. */
interface Lacks {
  readonly era: Era
  readonly isSure: boolean
  readonly reason: string
  /** Legacy: status of the answer to initialize. */
  readonly status?: number | undefined
}

/** See {@link OpenHttp}. */
export const openHttp: OpenHttp = async (options, request, told, verdicts, signal) => {
  signal.throwIfAborted()
  const { server } = request
  const shared = options.healths?.of(server)
  const outbound = outboundOf(server, MAX_CONNECTIONS, shared?.tokens)
  const hop: Hop = { server, outbound, clientInfo: clientInfo(options.version), headers: baseHeaders(server, options.version), health: shared?.health }
  try {
    return await openInOrder({ options, request, told, verdicts, signal, hop, endMs: options.nowMs() + server.startTimeoutMs })
  } catch (thrown) {
    outbound.destroy()
    throw signal.aborted ? signal.reason : thrown
  }
}

/** Tries the eras; when none of those known is spoken any more, the others too (MCP 2026-07-28 versioning). */
async function openInOrder (opening: Opening): Promise<Connection> {
  const { verdicts, request } = opening
  const lacking: Lacks[] = []
  for (const round of ['known', 'all']) {
    if (round === 'all') verdicts.forget(request.server)
    for (const era of verdicts.order(request.server, request.era)) {
      if (lacking.some((other) => other.era === era)) continue
      const outcome = await openIn(era, opening)
      if ('reason' in outcome) {
        lacking.push(outcome)
        continue
      }
      for (const other of lacking) if (other.isSure) verdicts.lacks(request.server, other.era)
      verdicts.speaks(request.server, era)
      return outcome
    }
  }
  throw refusalOf(lacking)
}

/** What 2024-11-05 servers answer to a POST on the URL of their stream (MCP 2025-11-25 transports). */
const mayBeHttpSse = (status: number): boolean => status === 400 || status === 404 || status === 405

function refusalOf (lacking: readonly Lacks[]): GatewayError {
  const status = lacking.find((one) => one.era === 'legacy')?.status
  if (status !== undefined && mayBeHttpSse(status)) return new NotStreamable(status)
  return new GatewayError('GW_UPSTREAM_START', { reason: lacking.map((one) => one.reason).join('; ') })
}

function openIn (era: Era, opening: Opening): Promise<Connection | Lacks> {
  return era === 'modern' ? openModern(opening) : openLegacy(opening)
}

async function openModern ({ options, request, told, verdicts, signal, hop, endMs }: Opening): Promise<Connection | Lacks> {
  const found = await discover(hop, request.capabilities, endMs - options.nowMs(), signal)
  signal.throwIfAborted()
  if (found.kind === 'failed') throw found.error
  if (found.kind === 'lacks') return { ...found, era: 'modern' }
  const connection = new ModernConnection({ ...connectionOptions(options, hop), initializeResult: found.initializeResult, capabilities: request.capabilities, verdicts })
  connection.attach(told.peer(connection))
  return connection
}

async function openLegacy (opening: Opening): Promise<Connection | Lacks> {
  const { options, request, signal, hop, endMs } = opening
  const handshake = await shakeHands(hop, request.capabilities, endMs - options.nowMs(), signal)
  if (handshake.kind === 'failed') throw handshake.error
  if (handshake.kind === 'refused') return { era: 'legacy', isSure: true, reason: handshake.reason, status: handshake.refusal?.status }
  return await begin(opening, handshake.session)
}

/** Whatever comes in between, a session that stands is ended again. */
async function begin ({ options, request, told, verdicts, signal, hop }: Opening, session: LegacySession): Promise<Connection> {
  const connection = new LegacyConnection({ ...connectionOptions(options, hop), session, capabilities: request.capabilities, verdicts })
  connection.attach(told.peer(connection))
  const giveUp = (): void => { connection.close().catch(options.onThrown) }
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    const status = signal.aborted ? 0 : await connection.begin()
    if (signal.aborted) throw signal.reason
    if (status < 200 || status >= 300) throw notBegun(status)
    return connection
  } catch (thrown) {
    told.failed({ stderr: '', stopped: connection.close() })
    throw thrown
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function notBegun (status: number): GatewayError {
  const reason = `notifications/initialized was answered with status ${status}`
  if (status === 401 || status === 403) return new GatewayError('GW_UPSTREAM_AUTH', { reason })
  return new GatewayError(status === 0 || status >= 500 ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_START', { reason })
}

function connectionOptions (options: HttpStartOptions, hop: Hop) {
  return {
    hop,
    nowMs: options.nowMs,
    onFault: (kind: Parameters<HttpStartOptions['onFault']>[1]) => { options.onFault(hop.server.name, kind) },
    onThrown: options.onThrown
  }
}
