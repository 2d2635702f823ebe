import { join } from 'node:path'
import { GatewayError } from '../shared/errors.ts'
import type { PackageStore } from '../packages/index.ts'
import type { CircuitState } from '../resilience/index.ts'
import { randomId, type ServerName } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { countsAgainst, createResidentMemory, type HostEnvironment, type MakeRoom, type RecycleReason, type WorkerBound, type WorkerOwner, type WorkerPool } from '../stdio-pool/index.ts'
import { createEraVerdicts, type StoredEraVerdicts } from './era-verdicts.ts'
import { FirstProbes } from './first-probes.ts'
import { isOwned, type PlaceOwner } from './owned-places.ts'
import { KeyedPlace } from './keyed-place.ts'
import type { PlaceContext, StartFailure } from './place-context.ts'
import type { Place } from './place.ts'
import { ServerHealths } from './health/server-healths.ts'
import { breakerKey, createServerBreaker, type ServerBreaker } from './server-breaker.ts'
import { createStartBackoff, type StartBackoff } from './start-backoff.ts'
import { ownerOf } from './start-worker.ts'
import type { StartKind } from './opening.ts'
import type { SpareEvents, SpareStatus } from './spares/server-spares.ts'
import { createSpares, type Spares } from './spares/spares.ts'
import type { ConnectionFault } from './speech.ts'
import type { ConnectionPeer, ConnectionRequest, ConnectionStatus, EraVerdicts } from './types.ts'
import { isPerEra, startKeyPrefix, workerKey } from './worker-key.ts'

/** What connections need besides their entries, and who hears of them. No event may throw. */
export interface ConnectionsOptions {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
  /** Absent = every command is started as written. */
  readonly packages?: PackageStore
  /** Servers of which spares are kept, as far as each may have them, and how many workers may be starting at once. Absent = none. */
  readonly warm?: { readonly servers: Iterable<ServerSettings>, readonly maxStarting: () => number }
  readonly version: string
  readonly nowMs: () => number
  /** Dates era verdicts. Default: the machine's wall clock. */
  readonly wallMs?: () => number
  readonly events: SpareEvents & {
    /** @param kind `warm`: by a spare */
    opened (server: ServerName, startMs: number, kind: StartKind): void
    /** A worker is replaced, because it has served long enough. */
    recycled? (server: ServerName, reason: RecycleReason): void
    startFailed (server: ServerName, error: GatewayError): void
    fault (server: ServerName, kind: ConnectionFault): void
    /** The circuit of a server over HTTP is in another state. */
    circuit? (server: ServerName, state: CircuitState): void
    /** A request is sent again (FR11). */
    retried? (server: ServerName): void
    /** A token of an entry with credentials was fetched, or not. */
    tokenFetched? (server: ServerName, outcome: 'ok' | 'failed'): void
    /** Something of ours threw where nobody can be told: a bug. */
    thrown (thrown: unknown): void
  }
}

/** All connections of one gateway to its servers: at most one per worker key, in a place that callers hold. */
export interface Connections {
  /** The place of this request's worker key, held until its `release`; starts nothing yet. */
  place (request: ConnectionRequest): Place
  /** Of every place that has a worker, or is getting one. */
  status (): ConnectionStatus[]
  /**
   * Another snapshot of the configuration: workers of entries that are not in it end when their last holder lets go, at once
   * where there is none; spares of them end. Callers bring their entry with each request, so nothing else changes.
   */
  configure (servers: ReadonlyMap<ServerName, ServerSettings>): void
  /** Is there a worker of these callers, or one that they hold? */
  hasOwned (owner: PlaceOwner): boolean
  /** Ends the workers of these callers; calls in flight are answered. Resolves when they are gone. */
  endOwned (owner: PlaceOwner): Promise<void>
  /** From now on spares are kept. */
  warmUp (): void
  /** Spares of a server, or why there are none. */
  spares (server: ServerSettings): SpareStatus
  /** Ends one spare or idle worker that counts against the bound; false when there is none. */
  readonly makeRoom: MakeRoom
  /** Last error class and stderr of the newest failed start, per server, for operators. */
  lastFailure (server: ServerName): StartFailure | undefined
  /** Eras that the server is known to speak, and since when; undefined = not known yet. */
  eras (server: ServerSettings): ReturnType<EraVerdicts['known']>
  /** May what was lost with its process be run again? Milliseconds to wait before; undefined: no. @param tries how often it was already (FR11) */
  retryAfterMs (server: ServerSettings, tries: number): number | undefined
  /** Is the circuit of this entry open, or half open? Undefined = it has none, or nobody has used the entry yet (FR14). */
  isCircuitOpen (server: ServerSettings): boolean | undefined
  /** Ends every worker, starting ones too, and opens no more. */
  close (): Promise<void>
}

/** In the state directory. */
const VERDICT_FILE = 'era-verdicts.json'
/** How often idle workers are looked for; idleMs is honoured to within this. */
const SWEEP_MS = 500
/** A worker of another tenant is only ended to make room when it has been idle this long. */
const FOREIGN_IDLE_MS = 10_000

/** @param peerFor makes the listener of a place: one per worker key, kept over restarts of the worker */
export function createConnections (options: ConnectionsOptions, peerFor: PeerFor): Connections {
  return new KeyedConnections(options, peerFor)
}

type PeerFor = (place: Place, request: ConnectionRequest) => ConnectionPeer

class KeyedConnections implements Connections {
  readonly #options: ConnectionsOptions
  readonly #peerFor: PeerFor
  readonly #places = new Map<string, KeyedPlace>()
  readonly #failures = new Map<ServerName, StartFailure>()
  readonly #verdicts: StoredEraVerdicts
  readonly #backoff: StartBackoff
  readonly #breaker: ServerBreaker
  readonly #healths: ServerHealths
  readonly #spares: Spares
  readonly #context: PlaceContext
  readonly #sweep: NodeJS.Timeout
  #isClosing = false

  constructor (options: ConnectionsOptions, peerFor: PeerFor) {
    const { nowMs, events } = options
    this.#options = options
    this.#peerFor = peerFor
    this.#verdicts = createEraVerdicts({ file: join(options.stateDir, VERDICT_FILE), wallMs: options.wallMs ?? Date.now, onThrown: events.thrown })
    this.#backoff = createStartBackoff(nowMs)
    this.#breaker = createServerBreaker(nowMs)
    this.#healths = new ServerHealths({ nowMs, onThrown: events.thrown, onBack: (server) => { this.#forgive(server) }, events: { circuit: (server, state) => events.circuit?.(server, state), retried: (server) => events.retried?.(server), tokenFetched: (server, outcome) => events.tokenFetched?.(server, outcome) } })
    const start = { ...options, healths: this.#healths, probes: new FirstProbes(), onFault: events.fault, onThrown: events.thrown }
    this.#spares = createSpares({ servers: [], maxStarting: () => 1, ...options.warm, start, verdicts: this.#verdicts, backoff: this.#backoff, events })
    this.#context = this.#contextOf({ ...start, spares: this.#spares })
    this.#sweep = setInterval(() => { this.#reapIdle() }, SWEEP_MS)
    this.#sweep.unref()
  }

  #contextOf (start: PlaceContext['start']): PlaceContext {
    const { nowMs, events } = this.#options
    return {
      start,
      verdicts: this.#verdicts,
      backoff: this.#backoff,
      breaker: this.#breaker,
      healths: this.#healths,
      memory: createResidentMemory(nowMs),
      opened: (server, startMs, kind) => {
        this.#failures.delete(server)
        events.opened(server, startMs, kind)
      },
      recycled: (server, reason) => events.recycled?.(server, reason),
      startFailed: (server, error, stderr) => {
        this.#failures.set(server, { atMs: Date.now(), code: error.code, reason: error.details.reason ?? error.message, stderr })
        events.startFailed(server, error)
      },
      forget: (place) => { if (this.#places.get(place.key) === place) this.#places.delete(place.key) },
      closing: () => this.#isClosing
    }
  }

  /** A server over HTTP is back: nobody waits any longer for having found it down. */
  #forgive (server: ServerSettings): void {
    this.#backoff.forgive(startKeyPrefix(server))
    this.#breaker.forgive(breakerKey(server))
  }

  #reapIdle (): void {
    const now = this.#options.nowMs()
    this.#spares.sweep()
    for (const place of this.#places.values()) {
      place.sweep()
      if (isKept(place.request.server) && !place.isRetired) continue
      if (place.idle && now - place.lastUsedMs >= place.request.server.pool.idleMs) place.end(new GatewayError('GW_CANCELLED')).catch(this.#options.events.thrown)
    }
  }

  place (request: ConnectionRequest): Place {
    const place = this.#earlierPlace(request) ?? this.#placeOf(request)
    place.holders++
    return place
  }

  /**
   * Made before it was known that the server speaks one era only: what the server keeps for these callers is there. Theirs for
   * as long as it lives, also when callers of the other era have made the common one meanwhile.
   */
  #earlierPlace (request: ConnectionRequest): KeyedPlace | undefined {
    const { transport, isolation } = request.server
    return transport === 'http' && isolation !== 'call' ? this.#places.get(workerKey(request, randomId, true)) : undefined
  }

  #placeOf (request: ConnectionRequest): KeyedPlace {
    const key = workerKey(request, randomId, isPerEra(request.server, this.#verdicts))
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place = new KeyedPlace(key, request, this.#context)
    place.peer = this.#peerFor(place, request)
    this.#places.set(key, place)
    return place
  }

  status (): ConnectionStatus[] {
    return [...this.#places.values()].flatMap((place) => place.status() ?? [])
  }

  hasOwned (owner: PlaceOwner): boolean {
    return [...this.#places.values()].some((place) => isOwned(place, owner))
  }

  async endOwned (owner: PlaceOwner): Promise<void> {
    const theirs = [...this.#places.values()].filter((place) => isOwned(place, owner))
    await Promise.all(theirs.map(async (place) => { await place.end(new GatewayError('GW_CANCELLED', { reason: 'another replica serves them now' })) }))
  }

  configure (servers: ReadonlyMap<ServerName, ServerSettings>): void {
    this.#spares.configure(servers.values())
    for (const place of this.#places.values()) {
      const { name, entryHash } = place.request.server
      if (servers.get(name)?.entryHash === entryHash) place.isRetired = false
      else place.retire()
    }
    for (const name of this.#failures.keys()) if (!servers.has(name)) this.#failures.delete(name)
  }

  warmUp (): void { this.#spares.start() }
  spares (server: ServerSettings): SpareStatus { return this.#spares.status(server) }

  async makeRoom (owner: WorkerOwner, bound: WorkerBound): Promise<boolean> {
    if (await this.#spares.makeRoom(owner, bound)) return true
    const idle = oldestIdle(this.#places.values(), owner, bound, this.#options.nowMs())
    if (idle === undefined) return false
    await idle.end(new GatewayError('GW_CANCELLED'))
    return true
  }

  lastFailure (server: ServerName): StartFailure | undefined { return this.#failures.get(server) }
  eras (server: ServerSettings): ReturnType<EraVerdicts['known']> { return this.#verdicts.known(server) }
  retryAfterMs (server: ServerSettings, tries: number): number | undefined { return this.#healths.of(server).health.retryAfterMs(tries) }
  isCircuitOpen (server: ServerSettings): boolean | undefined { return this.#healths.isOpen(server) }

  async close (): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#sweep)
    await Promise.all([this.#spares.close(), ...[...this.#places.values()].map((place) => place.end(new GatewayError('GW_DRAINING', { retryAfterS: 1 })))])
    this.#healths.close()
    await this.#verdicts.flush()
  }
}

/** The worker that everybody shares is its own spare: with `warm` it stays. */
function isKept ({ isolation, pool }: ServerSettings): boolean {
  return isolation === 'shared' && pool.warm > 0
}

/** The longest idle worker that counts against the bound. Another tenant's is only taken when it has been idle long. */
function oldestIdle (places: Iterable<KeyedPlace>, owner: WorkerOwner, bound: WorkerBound, nowMs: number): KeyedPlace | undefined {
  let best: KeyedPlace | undefined
  for (const place of places) {
    // Only processes count; a connection over HTTP makes no room.
    if (place.request.server.transport !== 'stdio' || !place.idle || !countsAgainst(bound, owner, ownerOf(place.request))) continue
    const isForeign = place.tenant !== owner.tenant
    if (isForeign && nowMs - place.lastUsedMs < FOREIGN_IDLE_MS) continue
    if (best === undefined || place.lastUsedMs < best.lastUsedMs) best = place
  }
  return best
}
