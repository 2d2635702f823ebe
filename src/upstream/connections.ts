import { GatewayError, toGatewayError, type ErrorCode } from '../shared/errors.ts'
import { randomId, type ServerName, type TenantId } from '../shared/ids.ts'
import { LATEST_LEGACY, type JsonObject } from '../protocol/index.ts'
import { countsAgainst, prepareLaunch, type HostEnvironment, type MakeRoom, type Worker, type WorkerBound, type WorkerOwner, type WorkerPool } from '../stdio-pool/index.ts'
import type { Connection, ConnectionPeer, ConnectionRequest, ConnectionStatus } from './types.ts'
import { StdioConnection, type ConnectionFault } from './stdio-connection.ts'
import { createStartBackoff } from './start-backoff.ts'
import { workerKey } from './worker-key.ts'

/** Capabilities of our own hop that stand in initialize; the name servers see in their logs. */
const CLIENT_NAME = 'drawbridge'

export interface ConnectionsOptions {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
  readonly version: string
  readonly nowMs: () => number
  readonly events: {
    opened (server: ServerName, startMs: number): void
    startFailed (server: ServerName, error: GatewayError): void
    fault (server: ServerName, kind: ConnectionFault): void
  }
}

/**
 * A place of one worker key. Sessions hold it for as long as they live; the connection inside comes and goes (idle
 * reaping, crashes) and is opened again by `ready`.
 */
export interface Place {
  readonly key: string
  readonly server: ServerName
  /** The live connection, when there is one: the hot path asks nothing else. */
  readonly connection: Connection | undefined
  /** Directories that `roots: filtered` allows; known once a worker was started. */
  readonly rootDirs: readonly string[]
  /** The live connection, or a new one; callers share one start. */
  ready (): Promise<Connection>
  /** An open stream keeps the worker from being reaped as idle (rulings 1). */
  streamOpened (): void
  streamClosed (): void
  /** Marks use, for idle reaping. */
  touch (): void
  /** The holder is done with it. A place of `session` or `call` isolation ends with its last holder. */
  release (): void
}

export interface Connections {
  /** The place of this request's worker key; starts nothing yet. `peerOf` is asked once per new place. */
  place (request: ConnectionRequest): Place
  status (): ConnectionStatus[]
  /** Ends one idle worker that counts against the bound; false when there is none. */
  readonly makeRoom: MakeRoom
  /** Last error class and stderr of the newest failed start, per server, for operators. */
  lastFailure (server: ServerName): StartFailure | undefined
  close (): Promise<void>
}

/** The newest failed start of a server. `reason` and `stderr` are for operators only. */
export interface StartFailure { readonly atMs: number, readonly code: ErrorCode, readonly reason: string, readonly stderr: string }

/** @param peerFor makes the listener of a place: one per worker key, kept over restarts of the worker */
export function createConnections (options: ConnectionsOptions, peerFor: (place: Place, request: ConnectionRequest) => ConnectionPeer): Connections {
  const places = new Map<string, KeyedPlace>()
  const failures = new Map<ServerName, StartFailure>()
  const backoff = createStartBackoff(options.nowMs)
  const closing = new AbortController()
  const sweep = setInterval(() => reapIdle(places.values(), options.nowMs()), SWEEP_MS)
  sweep.unref()
  const context: PlaceContext = { options, backoff, failures, closing: closing.signal, forget: (place) => { if (places.get(place.key) === place) places.delete(place.key) } }

  return {
    place (request) {
      const key = workerKey(request, randomId)
      let place = places.get(key)
      if (place === undefined) {
        place = new KeyedPlace(key, request, context)
        place.peer = peerFor(place, request)
        places.set(key, place)
      }
      place.holders++
      return place
    },
    status: () => [...places.values()].flatMap((place) => place.status() ?? []),
    makeRoom: async (owner, bound) => {
      const idle = oldestIdle(places.values(), owner, bound, options.nowMs())
      if (idle === undefined) return false
      await idle.end()
      return true
    },
    lastFailure: (server) => failures.get(server),
    async close () {
      clearInterval(sweep)
      closing.abort()
      await Promise.all([...places.values()].map((place) => place.end()))
    }
  }
}

/** How often idle workers are looked for; idleMs is honoured to within this. */
const SWEEP_MS = 500
/** A worker of another tenant is only ended to make room when it has been idle this long. */
const FOREIGN_IDLE_MS = 10_000

interface PlaceContext {
  readonly options: ConnectionsOptions
  readonly backoff: ReturnType<typeof createStartBackoff>
  readonly failures: Map<ServerName, StartFailure>
  readonly closing: AbortSignal
  forget (place: KeyedPlace): void
}

class KeyedPlace implements Place {
  readonly key: string
  readonly server: ServerName
  readonly request: ConnectionRequest
  readonly #context: PlaceContext
  peer: ConnectionPeer | undefined
  holders = 0
  connection: Connection | undefined
  rootDirs: readonly string[] = []
  #opening: Promise<Connection> | undefined
  #stopping: Promise<void> | undefined
  #streams = 0
  #stderr = ''
  lastUsedMs: number

  constructor (key: string, request: ConnectionRequest, context: PlaceContext) {
    this.key = key
    this.server = request.server.name
    this.request = request
    this.#context = context
    this.lastUsedMs = context.options.nowMs()
  }

  get idle (): boolean {
    return this.connection !== undefined && this.connection.inFlight.size === 0 && this.#streams === 0
  }

  get tenant (): TenantId | undefined {
    return this.request.server.isolation === 'shared' ? undefined : this.request.tenant
  }

  touch (): void { this.lastUsedMs = this.#context.options.nowMs() }
  streamOpened (): void { this.#streams++; this.touch() }
  streamClosed (): void { this.#streams--; this.touch() }

  ready (): Promise<Connection> {
    this.touch()
    if (this.connection?.open === true) return Promise.resolve(this.connection)
    this.#opening ??= this.#open().finally(() => { this.#opening = undefined })
    return this.#opening
  }

  release (): void {
    this.holders--
    if (this.holders > 0) return
    const { isolation } = this.request.server
    const ownedBySession = isolation === 'session' && this.request.sessionKey !== undefined
    if (ownedBySession || isolation === 'call') void this.end()
    else if (this.connection === undefined && this.#opening === undefined) this.#context.forget(this)
  }

  /** Ends the worker. The place is forgotten when nobody holds it. */
  async end (): Promise<void> {
    if (this.#opening !== undefined) await this.#opening.catch(() => undefined)
    const connection = this.connection
    this.connection = undefined
    if (this.holders <= 0) this.#context.forget(this)
    if (connection !== undefined) this.#stopping = connection.close().finally(() => { this.#stopping = undefined })
    await this.#stopping
  }

  status (): ConnectionStatus | undefined {
    if (this.connection === undefined && this.#opening === undefined) return undefined
    const { isolation } = this.request.server
    return {
      server: this.server,
      tenant: this.tenant,
      user: isolation === 'shared' || isolation === 'tenant' ? undefined : this.request.user,
      state: this.connection === undefined ? 'starting' : 'running',
      pid: this.connection?.pid,
      inFlight: this.connection?.inFlight.size ?? 0,
      idleMs: this.idle ? Math.round(this.#context.options.nowMs() - this.lastUsedMs) : 0
    }
  }

  async #open (): Promise<Connection> {
    const { backoff, options } = this.#context
    await this.#stopping
    const waitMs = backoff.waitMs(this.key)
    if (waitMs > 0) {
      throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'backing off after failed starts', retryAfterS: Math.ceil(waitMs / 1000) })
    }
    const startedMs = options.nowMs()
    this.#stderr = ''
    try {
      const connection = await this.#start()
      backoff.started(this.key)
      this.#context.failures.delete(this.server)
      this.connection = connection
      this.touch()
      options.events.opened(this.server, options.nowMs() - startedMs)
      return connection
    } catch (thrown) {
      const error = toGatewayError(thrown)
      this.#context.failures.set(this.server, { atMs: Date.now(), code: error.code, reason: error.details.reason ?? error.message, stderr: this.#stderr })
      if (countsAsFailedStart(error)) backoff.startFailed(this.key)
      options.events.startFailed(this.server, error)
      throw error
    }
  }

  async #start (): Promise<Connection> {
    const { options, closing } = this.#context
    const { server } = this.request
    if (server.transport !== 'stdio') throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: `transport ${server.transport} is not served by this version` })
    const launch = prepareLaunch(server, identityOf(this.request), { stateDir: options.stateDir, workerKey: this.key }, options.host)
    this.rootDirs = launch.rootDirs
    const signal = AbortSignal.any([closing, AbortSignal.timeout(server.startTimeoutMs)])
    const worker = await options.pool.start(launch, ownerOf(this.request), signal)
    try {
      return await this.#initialize(worker)
    } catch (thrown) {
      this.#stderr = worker.stderrTail()
      await worker.stop()
      throw thrown
    } finally {
      options.pool.settled(worker)
    }
  }

  async #initialize (worker: Worker): Promise<Connection> {
    const { options } = this.#context
    const { server } = this.request
    const connection = new StdioConnection({
      server: this.server,
      worker,
      serialise: server.interactive,
      now: options.nowMs,
      onFault: (kind) => options.events.fault(this.server, kind)
    })
    const params: JsonObject = {
      protocolVersion: LATEST_LEGACY,
      capabilities: this.request.capabilities,
      clientInfo: { name: CLIENT_NAME, version: options.version }
    }
    await connection.initialize(params, this.#listen(connection), server.startTimeoutMs)
    return connection
  }

  /** Forwards to the place's peer while this connection is the current one, and notices its end. */
  #listen (connection: Connection): ConnectionPeer {
    return {
      onRequest: (method, params, signal) => this.#requirePeer().onRequest(method, params, signal),
      onNotification: (method, params) => this.#requirePeer().onNotification(method, params),
      onEnd: () => {
        if (this.connection !== connection) return
        this.connection = undefined
        this.#context.backoff.crashed(this.key)
        if (this.holders <= 0) this.#context.forget(this)
        this.#requirePeer().onEnd()
      }
    }
  }

  #requirePeer (): ConnectionPeer {
    if (this.peer === undefined) throw new GatewayError('GW_INTERNAL', { reason: 'a place without a peer' })
    return this.peer
  }
}

function countsAsFailedStart (error: GatewayError): boolean {
  return error.code === 'GW_UPSTREAM_START' || error.code === 'GW_UPSTREAM_LOST' || error.code === 'GW_UPSTREAM_DEADLINE' || error.code === 'GW_UPSTREAM_PROTOCOL'
}

/** Only what the isolation level may know reaches the templates. */
function identityOf (request: ConnectionRequest): { tenant?: TenantId, user?: ConnectionRequest['user'] } {
  switch (request.server.isolation) {
    case 'shared': return {}
    case 'tenant': return { tenant: request.tenant }
    default: return { tenant: request.tenant, user: request.user }
  }
}

function ownerOf (request: ConnectionRequest): WorkerOwner {
  return { ...identityOf(request), server: request.server.name }
}

function reapIdle (places: Iterable<KeyedPlace>, nowMs: number): void {
  for (const place of places) {
    if (place.idle && nowMs - place.lastUsedMs >= place.request.server.pool.idleMs) void place.end()
  }
}

/** The longest idle worker that counts against the bound. Another tenant's is only taken when it has been idle long. */
function oldestIdle (places: Iterable<KeyedPlace>, owner: WorkerOwner, bound: WorkerBound, nowMs: number): KeyedPlace | undefined {
  let best: KeyedPlace | undefined
  for (const place of places) {
    if (!place.idle || !countsAgainst(bound, owner, ownerOf(place.request))) continue
    const isForeign = place.tenant !== owner.tenant
    if (isForeign && nowMs - place.lastUsedMs < FOREIGN_IDLE_MS) continue
    if (best === undefined || place.lastUsedMs < best.lastUsedMs) best = place
  }
  return best
}
