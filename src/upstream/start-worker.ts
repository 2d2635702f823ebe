import { GatewayError } from '../shared/errors.ts'
import type { ServerName, TenantId, UserId } from '../shared/ids.ts'
import { LATEST_LEGACY, type JsonObject } from '../protocol/index.ts'
import { prepareLaunch, type HostEnvironment, type Worker, type WorkerOwner, type WorkerPool } from '../stdio-pool/index.ts'
import { StdioConnection, type ConnectionFault } from './stdio-connection.ts'
import type { Connection, ConnectionPeer, ConnectionRequest } from './types.ts'

/** The name of our own hop, which servers see in initialize. */
const CLIENT_NAME = 'drawbridge'
/** Seconds after which a caller that found no turn to start may come back (FR03). */
const RETRY_AFTER_S = 5

/** What starting a worker needs besides the request. */
export interface StartOptions {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
  readonly version: string
  readonly nowMs: () => number
  readonly onFault: (server: ServerName, kind: ConnectionFault) => void
  readonly onThrown: (thrown: unknown) => void
}

/** A start that came to nothing: what the process said on stderr, and when it is gone. */
export interface FailedStart {
  readonly stderr: string
  readonly stopped: Promise<void>
}

/** How one start reports what it finds on the way. */
export interface StartTold {
  /** Directories that count as roots; before the process runs. */
  rootDirs (dirs: readonly string[]): void
  failed (start: FailedStart): void
  /** The listener of the connection to be. */
  peer (connection: Connection): ConnectionPeer
}

/**
 * From a request to an initialized server: launch, process, handshake. The signal ends it at any point, and its reason is
 * what is thrown then.
 */
export async function startWorker (options: StartOptions, request: ConnectionRequest, key: string, told: StartTold, signal: AbortSignal): Promise<Connection> {
  const { server } = request
  if (server.transport !== 'stdio') throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: `transport ${server.transport} is not served by this version` })
  const launch = prepareLaunch(server, identityOf(request), { stateDir: options.stateDir, workerKey: key }, options.host)
  told.rootDirs(launch.rootDirs)
  const worker = await inTime(server.startTimeoutMs, signal, (either) => options.pool.start(launch, ownerOf(request), either))
  try {
    return await initialize(options, request, worker, told, signal)
  } catch (thrown) {
    told.failed({ stderr: worker.stderrTail(), stopped: worker.stop() })
    throw thrown
  } finally {
    options.pool.settled(worker)
  }
}

/** Waits for a turn to start no longer than a start may take. */
async function inTime (timeoutMs: number, signal: AbortSignal, start: (either: AbortSignal) => Promise<Worker>): Promise<Worker> {
  const waiting = new AbortController()
  const give = (): void => { waiting.abort(signal.reason) }
  const timer = setTimeout(() => waiting.abort(new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'no turn to start in time', retryAfterS: RETRY_AFTER_S })), timeoutMs)
  signal.addEventListener('abort', give, { once: true })
  try {
    if (signal.aborted) throw signal.reason
    return await start(waiting.signal)
  } catch (thrown) {
    throw waiting.signal.aborted ? waiting.signal.reason : thrown
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', give)
  }
}

async function initialize (options: StartOptions, request: ConnectionRequest, worker: Worker, told: StartTold, signal: AbortSignal): Promise<Connection> {
  const { server } = request
  const connection = new StdioConnection({
    server: server.name,
    worker,
    serialise: server.interactive,
    nowMs: options.nowMs,
    onFault: (kind) => options.onFault(server.name, kind),
    onThrown: options.onThrown
  })
  const params: JsonObject = {
    protocolVersion: LATEST_LEGACY,
    capabilities: request.capabilities,
    clientInfo: { name: CLIENT_NAME, version: options.version }
  }
  const giveUp = (): void => { connection.close().catch(options.onThrown) }
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await connection.initialize(params, told.peer(connection), server.startTimeoutMs)
    return connection
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** Only what the isolation level may know reaches the templates and the counts. */
function identityOf (request: ConnectionRequest): { tenant?: TenantId, user?: UserId } {
  switch (request.server.isolation) {
    case 'shared': return {}
    case 'tenant': return { tenant: request.tenant }
    case 'user':
    case 'session':
    case 'call': return { tenant: request.tenant, user: request.user }
  }
}

/** Whom the worker of this request counts against. */
export function ownerOf (request: ConnectionRequest): WorkerOwner {
  return { ...identityOf(request), server: request.server.name }
}
