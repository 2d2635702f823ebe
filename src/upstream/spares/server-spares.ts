import { toGatewayError, type GatewayError } from '../../shared/errors.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { createDemand, type Worker } from '../../stdio-pool/index.ts'
import type { StartBackoff } from '../start-backoff.ts'
import type { EraVerdicts } from '../types.ts'
import { refused, spoiled } from './ask-alive.ts'
import { startSpare, type Spare, type SpareStartOptions } from './start-spare.ts'

/** Spares that come to nothing in a row before none are started for a while. */
const MAX_FAILURES = 3
/** How long that is: a package that was mended meanwhile gets its spares back. */
const PAUSE_MS = 600_000
/** How long spares stand back after a bound was hit, so that what was freed is the caller's who needed it. */
const NO_ROOM_MS = 5000
/** One spare too many ends in so long. */
const SHRINK_MS = 10_000

/** Spares of one server, for operators. */
export interface SpareStatus {
  /** How many are wanted right now: `warm`, or more by demand. */
  readonly wanted: number
  readonly ready: number
  readonly starting: number
  /** Why there are fewer than wanted, or none. */
  readonly reason?: string
}

/** What happens to spares. */
export interface SpareEvents {
  /** A spare is ready, so long after its spawn. */
  spareReady? (server: ServerName, startMs: number): void
  /** There are none, and why; told once for each reason. */
  sparesFailed? (server: ServerName, reason: string): void
}

/** What the spares of all servers share. */
export interface SpareContext {
  readonly start: SpareStartOptions
  readonly verdicts: EraVerdicts
  readonly backoff: StartBackoff
  readonly events: SpareEvents
  /** Takes one of the turns of spares to start; false: none is free. */
  takeTurn (): boolean
  giveTurn (): void
}

/** The spares of one entry: as many as demand wants, each handed out once. */
export class ServerSpares {
  readonly server: ServerSettings
  readonly #context: SpareContext
  readonly #demand
  readonly #backoffKey: string
  #ready: Spare[] = []
  readonly #starting = new Map<AbortController, Promise<void>>()
  #failures = 0
  #notBeforeMs = 0
  #shrunkMs = 0
  #reason: string | undefined
  #told: string | undefined
  #isOpen = true

  constructor (server: ServerSettings, context: SpareContext) {
    this.server = server
    this.#context = context
    this.#demand = createDemand(context.start.nowMs)
    this.#backoffKey = JSON.stringify(['spare', server.name, server.entryHash])
  }

  get size (): number { return this.#ready.length + this.#starting.size }
  get hasReady (): boolean { return this.#ready.length > 0 }
  get #wanted (): number { return this.#demand.wanted(this.server.pool.warm) }

  arrived (): void { this.#demand.arrived() }

  status (): SpareStatus {
    const isShort = this.#ready.length < this.#wanted
    return { wanted: this.#wanted, ready: this.#ready.length, starting: this.#starting.size, ...(isShort && this.#reason !== undefined ? { reason: this.#reason } : undefined) }
  }

  /** The spare to take next; those that run something else, or wrote what nobody had asked for, are ended. */
  next (program: string): Spare | undefined {
    for (const spare of this.#ready) {
      if (!spare.worker.isSpare) continue
      if (spare.program !== program) this.#endLater(spare)
      else if (spare.isSpoiled()) this.#spoiled(spare.worker)
      else return spare
    }
    return undefined
  }

  /** It has an owner now. */
  bound (spare: Spare): void { this.#ready = this.#ready.filter((one) => one !== spare) }

  /** A spare was greeted; what it is worth shows only then. */
  greeted (error?: GatewayError): void {
    if (error === undefined) this.#failures = 0
    else this.#failed(error)
  }

  /** Starts what is missing, as far as it may. */
  fill (): void {
    while (this.#mayStart() && this.#context.takeTurn()) this.#begin()
  }

  /** Now and then: ends what is too much, too old or unusable, and starts what is missing. */
  sweep (): void {
    const now = this.#context.start.nowMs()
    const maxAgeMs = this.server.pool.maxAgeMs ?? Infinity
    for (const spare of this.#ready) {
      if (spare.isSpoiled()) this.#spoiled(spare.worker)
      else if (now - spare.readyAtMs > maxAgeMs) this.#endLater(spare)
    }
    const [oldest] = this.#ready
    if (oldest === undefined || this.#ready.length <= this.#wanted) this.#shrunkMs = now
    else if (now - this.#shrunkMs >= SHRINK_MS) {
      this.#shrunkMs = now
      this.#endLater(oldest)
    }
    this.fill()
  }

  /** Others need the room: none are started for a while. */
  standBack (): void { this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#context.start.nowMs() + NO_ROOM_MS) }

  /** Ends one; false when there is none. Resolves when its process is gone. */
  async endOne (): Promise<boolean> {
    // One that was given away a moment ago may still be listed.
    const oldest = this.#ready.find(({ worker }) => worker.isSpare)
    if (oldest !== undefined) {
      await this.#end(oldest)
      return true
    }
    const [starting] = this.#starting
    if (starting === undefined) return false
    starting[0].abort()
    await starting[1]
    return true
  }

  async close (): Promise<void> {
    this.#isOpen = false
    for (const abort of this.#starting.keys()) abort.abort()
    await Promise.all([...this.#ready.map((spare) => this.#end(spare)), ...this.#starting.values()])
  }

  #mayStart (): boolean {
    return this.#isOpen && this.size < this.#wanted && this.#context.start.nowMs() >= this.#notBeforeMs && this.#context.backoff.waitMs(this.#backoffKey) === 0
  }

  #begin (): void {
    const abort = new AbortController()
    // What it throws is told; nothing else can reject.
    this.#starting.set(abort, this.#start(abort))
  }

  async #start (abort: AbortController): Promise<void> {
    const { start, verdicts, backoff, events, giveTurn } = this.#context
    try {
      const spare = await startSpare(start, this.server, verdicts, (worker) => this.#spoiled(worker), abort.signal)
      spare.worker.exited.then(() => this.#lost(spare), start.onThrown)
      this.#demand.started(spare.startMs)
      backoff.started(this.#backoffKey)
      events.spareReady?.(this.server.name, spare.startMs)
      this.#ready.push(spare)
      if (!this.#isOpen) await this.#end(spare)
    } catch (thrown) {
      this.#failed(toGatewayError(thrown))
    } finally {
      this.#starting.delete(abort)
      giveTurn()
      this.fill()
    }
  }

  #failed (error: GatewayError): void {
    const { backoff, events, start } = this.#context
    if (error.code === 'GW_CANCELLED' || error.code === 'GW_DRAINING') return
    this.#reason = error.details.reason ?? error.message
    if (error.code === 'GW_LIMIT_WORKERS') return this.standBack()
    backoff.startFailed(this.#backoffKey)
    this.#failures += 1
    if (this.#failures < MAX_FAILURES) return
    this.#failures = 0
    this.#notBeforeMs = start.nowMs() + PAUSE_MS
    if (this.#told === this.#reason) return
    this.#told = this.#reason
    events.sparesFailed?.(this.server.name, this.#reason)
  }

  /** It said something, though nobody had greeted it: nobody shall have that worker. */
  #spoiled (worker: Worker): void {
    const spare = this.#ready.find((one) => one.worker === worker)
    if (spare === undefined) return
    this.#failed(spoiled())
    this.#endLater(spare)
  }

  /** It ended by itself. */
  #lost (spare: Spare): void {
    if (!this.#ready.includes(spare)) return
    this.bound(spare)
    this.#failed(refused('ends by itself before it is greeted'))
  }

  #endLater (spare: Spare): void { this.#end(spare).catch(this.#context.start.onThrown) }

  #end (spare: Spare): Promise<void> {
    this.bound(spare)
    return spare.worker.stop()
  }
}
