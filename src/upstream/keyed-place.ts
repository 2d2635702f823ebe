import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { ServerName, TenantId } from '../shared/ids.ts'
import { drawLife } from '../stdio-pool/index.ts'
import type { Place } from './place.ts'
import type { PlaceContext } from './place-context.ts'
import { breakerKey } from './server-breaker.ts'
import type { ServerHealth } from './health/server-health.ts'
import { passGate } from './health/opening-gate.ts'
import { openConnection } from './open-connection.ts'
import type { StartKind, StartTold } from './opening.ts'
import type { Connection, ConnectionPeer, ConnectionRequest, ConnectionStatus } from './types.ts'
import { WearWatch } from './wear-watch.ts'
import { startKey } from './worker-key.ts'

/** A connection over HTTP that ends sooner than this is counted as a crash. */
const SHORT_LIFE_MS = 10_000

interface Opening { readonly promise: Promise<Connection>, readonly abort: AbortController }

/** The one implementation of {@link Place}. Its worker is in at most one of three states: opening, live, stopping. */
export class KeyedPlace implements Place {
  readonly key: string
  readonly server: ServerName
  readonly request: ConnectionRequest
  readonly #context: PlaceContext
  readonly #startKey: string
  readonly #breakerKey: string
  /** Of a server over HTTP. */
  readonly #health: ServerHealth | undefined
  /** Set once, right after construction: peer and place know each other. */
  peer: ConnectionPeer | undefined
  holders = 0
  /** Its entry is no longer configured: whoever holds it may finish, nobody else comes. */
  isRetired = false
  connection: Connection | undefined
  rootDirs: readonly string[] = []
  #opening: Opening | undefined
  #stopping: Promise<void> | undefined
  #retiring: Connection | undefined
  #watch: WearWatch | undefined
  /** Settles when a worker that was taken out of use has ended. */
  #drained: PromiseWithResolvers<undefined> | undefined
  #streams = 0
  #stderr = ''
  #kind: StartKind = 'cold'
  #forgotten = false
  lastUsedMs: number

  constructor (key: string, request: ConnectionRequest, context: PlaceContext) {
    this.key = key
    this.server = request.server.name
    this.request = request
    this.#context = context
    this.#startKey = startKey(request)
    this.#breakerKey = breakerKey(request.server)
    this.#health = request.server.transport === 'stdio' ? undefined : context.healths.of(request.server).health
    this.lastUsedMs = context.start.nowMs()
  }

  /** Has a worker that nobody uses right now. */
  get idle (): boolean {
    return this.connection !== undefined && this.connection.inFlight.size === 0 && this.#streams === 0
  }

  get awayMs (): number {
    return this.#health === undefined ? 0 : this.#health.awayMs(this.connection?.open === true)
  }

  get tenant (): TenantId | undefined {
    return this.request.server.isolation === 'shared' ? undefined : this.request.tenant
  }

  touch (atMs = this.#context.start.nowMs()): void { if (atMs > this.lastUsedMs) this.lastUsedMs = atMs }
  streamOpened (): void { this.#streams++; this.touch() }
  streamClosed (): void {
    this.#streams--
    this.touch()
    this.#recycleIfWorn()
  }

  /** To be called now and then: a worker that has served long enough is replaced. */
  sweep (): void {
    this.#watch?.sweep()
    this.#recycleIfWorn()
  }

  ready (): Promise<Connection> {
    this.touch()
    if (this.connection?.open === true) return Promise.resolve(this.connection)
    if (this.#context.closing()) return Promise.reject(new GatewayError('GW_DRAINING', { retryAfterS: 1 }))
    // A worker started now would belong to nobody and never be ended.
    if (this.#forgotten || (this.holders === 0 && this.#endsWithHolders)) return Promise.reject(new GatewayError('GW_CANCELLED', { reason: 'the last holder of the worker has gone' }))
    if (this.#opening === undefined) {
      const abort = new AbortController()
      const promise = this.#open(abort.signal).finally(() => {
        this.#opening = undefined
        this.#forgetIfUnused()
      })
      this.#opening = { promise, abort }
    }
    return this.#opening.promise
  }

  release (): void {
    this.holders--
    if (this.holders > 0) return
    if (this.#endsWithHolders) this.end(new GatewayError('GW_CANCELLED')).catch(this.#context.start.onThrown)
    // Others keep their worker for a while: the next session of the user finds it warm, and a start is seen through.
    else this.#forgetIfUnused()
  }

  /** Does its worker end when the last holder goes? Else it stays for whoever comes next. */
  get #endsWithHolders (): boolean {
    const { server: { isolation }, sessionKey } = this.request
    return (isolation === 'session' && sessionKey !== undefined) || isolation === 'call' || this.isRetired
  }

  /** Ends it as soon as nobody holds it. */
  retire (): void {
    this.isRetired = true
    if (this.holders === 0) this.end(new GatewayError('GW_CANCELLED', { reason: 'its entry has changed' })).catch(this.#context.start.onThrown)
  }

  #forgetIfUnused (): void {
    if (this.holders > 0 || this.#forgotten || this.connection !== undefined || this.#opening !== undefined || this.#stopping !== undefined) return
    this.#forgotten = true
    this.#context.forget(this)
  }

  /** Ends the worker, a starting one too; its callers get `reason`. Resolves when it is gone. */
  async end (reason: GatewayError): Promise<void> {
    // An opening may be waiting for it.
    if (this.#drained !== undefined) await this.#close()
    if (this.#opening !== undefined) {
      const { promise, abort } = this.#opening
      abort.abort(reason)
      await promise.catch(() => undefined)
    }
    await this.#close()
    await this.#stopping
    this.#forgetIfUnused()
  }

  async #close (): Promise<void> {
    this.#retiring = this.connection
    await this.connection?.close()
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
      era: this.connection?.era,
      idleMs: this.idle ? Math.round(this.#context.start.nowMs() - this.lastUsedMs) : 0
    }
  }

  async #open (signal: AbortSignal): Promise<Connection> {
    const { backoff, breaker, start, verdicts } = this.#context
    // Two workers of one key must never run side by side: they would share files (rulings 1).
    await this.#drained?.promise
    await this.#stopping
    const waitMs = backoff.waitMs(this.#startKey) || breaker.waitMs(this.#breakerKey)
    if (waitMs > 0) {
      throw new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'backing off after failed starts', retryAfterS: Math.ceil(waitMs / 1000) })
    }
    const probe = passGate(this.#health)
    const startedMs = start.nowMs()
    this.#stderr = ''
    try {
      const connection = await openConnection(start, this.request, this.key, this.#told(), verdicts, signal)
      if (!connection.open) {
        this.#stop(connection.close())
        throw new GatewayError('GW_UPSTREAM_START', { reason: 'the server ended right after initialize' })
      }
      backoff.started(this.#startKey)
      breaker.started(this.#breakerKey, this.#startKey)
      probe?.(undefined)
      this.#health?.joined(connection)
      this.connection = connection
      this.#watch = this.#watchOf(connection)
      this.touch()
      this.#context.opened(this.server, start.nowMs() - startedMs, this.#kind)
      return connection
    } catch (thrown) {
      const error = toGatewayError(thrown)
      probe?.(error)
      throw this.#failed(error)
    }
  }

  #told (): StartTold {
    return {
      process: (kind, rootDirs) => {
        this.#kind = kind
        this.rootDirs = rootDirs
      },
      failed: ({ stderr, stopped }) => {
        this.#stderr = stderr
        this.#stop(stopped)
      },
      peer: (connection) => this.#listen(connection)
    }
  }

  #failed (error: GatewayError): GatewayError {
    const { backoff, breaker } = this.#context
    if (this.#isServersFault(error)) {
      backoff.startFailed(this.#startKey)
      breaker.failed(this.#breakerKey, this.#startKey)
    } else breaker.withdrawn(this.#breakerKey)
    // A bound, a shutdown and a caller who left say nothing about the server.
    if (error.code !== 'GW_LIMIT_WORKERS' && error.code !== 'GW_DRAINING' && error.code !== 'GW_CANCELLED') this.#context.startFailed(this.server, error, this.#stderr)
    return error
  }

  /** Is it the server that failed, so that asking again at once would do no good? Behind `unavailable` of a process is our own lack of turns. */
  #isServersFault ({ code }: GatewayError): boolean {
    return code === 'GW_UPSTREAM_START' || (this.request.server.transport !== 'stdio' && (code === 'GW_UPSTREAM_UNAVAILABLE' || code === 'GW_UPSTREAM_PROTOCOL'))
  }

  /** The next start waits for this, and nobody waits for it otherwise. */
  #stop (stopped: Promise<void>): void {
    const stopping = stopped.catch(this.#context.start.onThrown).finally(() => {
      if (this.#stopping !== stopping) return
      this.#stopping = undefined
      this.#forgetIfUnused()
    })
    this.#stopping = stopping
  }

  #watchOf ({ pid, usage }: Connection): WearWatch | undefined {
    const { transport, pool } = this.request.server
    const life = drawLife(pool)
    if (transport !== 'stdio' || life === undefined || pid === undefined || usage === undefined) return undefined
    const { memory, start: { nowMs } } = this.#context
    return new WearWatch({ life, usage, pgid: pid, memory, nowMs, onWorn: () => { this.#recycleIfWorn() } })
  }

  /**
   * A worn worker ends when no call is in flight and no stream open (rulings 1). One that never comes to rest is taken out of
   * use at twice its limits: who comes then waits for the calls in flight and gets the next worker (FR08: no call fails).
   */
  #recycleIfWorn (): void {
    const { connection } = this
    const watch = this.#watch
    const reason = watch?.due
    if (connection?.usage === undefined || reason === undefined) return
    const isOverdue = watch?.isOverdue === true
    if (isOverdue) {
      this.#drained ??= Promise.withResolvers()
      connection.usage.retire()
    } else if (this.#streams > 0) return
    connection.usage.whenIdle(() => {
      if (this.connection !== connection || (this.#streams > 0 && !isOverdue)) return
      this.#context.recycled(this.server, reason)
      this.#close().catch(this.#context.start.onThrown)
    })
  }

  /** Forwards to the place's peer, and notices the end of the live connection. */
  #listen (connection: Connection): ConnectionPeer {
    const peer = this.#requirePeer()
    return {
      onRequest: (method, params, signal, about) => peer.onRequest(method, params, signal, about),
      onNotification: (method, params, about) => { peer.onNotification(method, params, about) },
      // Of the transports, Streamable HTTP has sessions that the server may forget (FR12).
      onReset: () => { if (this.connection === connection) peer.onReset?.() },
      onEnd: () => {
        if (this.connection !== connection) return
        this.connection = undefined
        this.#health?.left(connection)
        this.#ended()
        this.#watch = undefined
        if (this.#retiring !== connection && this.#isCrash(connection)) this.#context.backoff.crashed(this.#startKey)
        // The process is gone, its group may not be yet.
        this.#stop(connection.close())
        this.#drained?.resolve(undefined)
        this.#drained = undefined
        peer.onEnd()
      }
    }
  }

  #ended (): void { this.#context.breaker.ended(this.#breakerKey, this.#startKey) }

  /** A process should not end by itself. A stream that a proxy cuts now and then is no reason to keep anybody waiting, if it held for a while. */
  #isCrash (connection: Connection): boolean {
    return this.request.server.transport === 'stdio' || this.#context.start.nowMs() - connection.openedAtMs < SHORT_LIFE_MS
  }

  #requirePeer (): ConnectionPeer {
    if (this.peer === undefined) throw new GatewayError('GW_INTERNAL', { reason: 'a place without a peer' })
    return this.peer
  }
}
