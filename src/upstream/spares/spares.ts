import type { GatewayError } from '../../shared/errors.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { WorkerBound, WorkerOwner } from '../../stdio-pool/index.ts'
import { ServerSpares, type SpareContext, type SpareStatus } from './server-spares.ts'
import { whyNoSpares } from './spare-rule.ts'
import { programOf, type Spare } from './start-spare.ts'

/** After a caller was given a spare, the next one is started only when the caller has probably made its first call: both want the CPU. */
const REFILL_MS = 50

/** What the spares of a gateway are made of. */
export interface SparesOptions extends Omit<SpareContext, 'takeTurn' | 'giveTurn'> {
  /** Entries that may have spares. */
  readonly servers: Iterable<ServerSettings>
  /** Workers that may be starting at once; spares take half of it at most, and one at least. */
  readonly maxStarting: () => number
}

/** A spare that has an owner now. */
export interface BoundSpare extends Pick<Spare, 'worker' | 'launch'> {
  /** It was greeted, or could not be. Must be called, once. */
  greeted (error?: GatewayError): void
}

/** Processes that were started ahead of need (rulings 1). */
export interface Spares {
  /** From now on they are kept. */
  start (): void
  /**
   * A spare for a caller who needs a worker; undefined = there is none, one has to be started.
   * @throws GatewayError GW_LIMIT_WORKERS when a bound of the owner is hit; GW_UPSTREAM_START of the package store
   */
  take (server: ServerSettings, owner: WorkerOwner, signal: AbortSignal): Promise<BoundSpare | undefined>
  /** Ends one spare that counts against the bound; false when there is none. */
  makeRoom (owner: WorkerOwner, bound: WorkerBound): Promise<boolean>
  /** Keeps spares of these entries from now on; those of other entries are ended, whatever their name. */
  configure (servers: Iterable<ServerSettings>): void
  /** To be called twice a second or so. */
  sweep (): void
  status (server: ServerSettings): SpareStatus
  /** Ends all, and starts none any more. */
  close (): Promise<void>
}

/** The spares of all servers that may have some. */
export function createSpares (options: SparesOptions): Spares {
  return new AllSpares(options)
}

class AllSpares implements Spares {
  readonly #options: SparesOptions
  readonly #byServer = new Map<ServerName, ServerSpares>()
  readonly #context: SpareContext
  /** Of entries that are no longer configured, until their processes have ended. */
  readonly #ending = new Set<Promise<void>>()
  #turnsTaken = 0
  #isOn = false

  constructor (options: SparesOptions) {
    this.#options = options
    this.#context = { ...options, takeTurn: () => this.#takeTurn(), giveTurn: () => { this.#turnsTaken -= 1 } }
    this.configure(options.servers)
  }

  configure (servers: Iterable<ServerSettings>): void {
    const wanted = new Map([...servers].flatMap((server) => whyNoSpares(server) === undefined ? [[server.name, server] as const] : []))
    for (const [name, spares] of this.#byServer) {
      if (wanted.get(name)?.entryHash === spares.server.entryHash) continue
      this.#byServer.delete(name)
      this.#endLater(spares)
    }
    for (const [name, server] of wanted) if (!this.#byServer.has(name)) this.#byServer.set(name, new ServerSpares(server, this.#context))
    this.sweep()
  }

  #endLater (spares: ServerSpares): void {
    const ending = spares.close().catch(this.#context.start.onThrown).finally(() => { this.#ending.delete(ending) })
    this.#ending.add(ending)
  }

  start (): void {
    this.#isOn = true
    this.sweep()
  }

  async take (server: ServerSettings, owner: WorkerOwner, signal: AbortSignal): Promise<BoundSpare | undefined> {
    const spares = this.#of(server)
    if (spares === undefined) return undefined
    spares.arrived()
    if (!spares.hasReady) return undefined
    const { pool, packages } = this.#options.start
    const program = programOf(server, await packages?.commandOf(server))
    let chosen: Spare | undefined
    const worker = await pool.bind(() => {
      chosen = spares.next(program)
      return chosen?.worker
    }, owner, signal)
    if (worker === undefined || chosen === undefined) return undefined
    spares.bound(chosen)
    const greeted = (error?: GatewayError): void => {
      spares.greeted(error)
      setTimeout(() => spares.fill(), REFILL_MS).unref()
    }
    return { worker, launch: chosen.launch, greeted }
  }

  async makeRoom (owner: WorkerOwner, bound: WorkerBound): Promise<boolean> {
    if (bound !== 'all' && bound !== 'server') return false
    const counted = [...this.#byServer.values()].filter(({ server }) => bound === 'all' || server.name === owner.server)
    for (const spares of counted) spares.standBack()
    const most = counted.reduce<ServerSpares | undefined>((best, spares) => spares.size > (best?.size ?? 0) ? spares : best, undefined)
    return await most?.endOne() ?? false
  }

  sweep (): void {
    if (!this.#isOn) return
    for (const spares of this.#byServer.values()) spares.sweep()
  }

  status (server: ServerSettings): SpareStatus {
    const reason = whyNoSpares(server)
    return this.#of(server)?.status() ?? { wanted: 0, ready: 0, starting: 0, ...(reason === undefined ? undefined : { reason }) }
  }

  async close (): Promise<void> {
    this.#isOn = false
    await Promise.all([...this.#ending, ...[...this.#byServer.values()].map((spares) => spares.close())])
  }

  /** A changed entry has none: its spares were started from the one before. */
  #of (server: ServerSettings): ServerSpares | undefined {
    const spares = this.#byServer.get(server.name)
    return spares?.server.entryHash === server.entryHash ? spares : undefined
  }

  #takeTurn (): boolean {
    if (!this.#isOn || this.#turnsTaken >= Math.max(1, Math.floor(this.#options.maxStarting() / 2))) return false
    this.#turnsTaken += 1
    return true
  }
}
