import { createAuditText } from '../telemetry/index.ts'
import type { AuditRecord, AuditSink } from '../telemetry/index.ts'
import { createArgumentsHash } from './arguments-hash.ts'
import type { HeadKey } from './head-key.ts'
import { Spool } from './spool.ts'
import type { AuditEvents, AuditOutput } from './types.ts'

/** Characters of records that wait for one sink: some 20 000 records. */
const MAX_CHARS = 8 * 1024 * 1024
/** How long a call waits for room, in milliseconds. */
const ROOM_WAIT_MS = 2000
const LOOK_EVERY_MS = 50

export interface AuditOptions {
  readonly key: HeadKey
  /** At least one; each has a chain of its own. */
  readonly outputs: readonly AuditOutput[]
  /** Gets every record as well, as it would without sinks. */
  readonly log?: AuditSink
  readonly whenFull: 'drop' | 'block'
  readonly events: AuditEvents
  readonly wallMs: () => number
  /** Version and replica, for the beginning of each chain. */
  readonly about: Readonly<Record<string, string>>
  /** Characters that wait for one sink at most. Default {@link MAX_CHARS}. */
  readonly maxChars?: number
}

/** The sink that all rooms record to, when records have places of their own. */
export interface Audit extends AuditSink {
  /** Files are opened by their names again: somebody has moved them. */
  reopen (): void
  close (): Promise<void>
}

export function createAudit (options: AuditOptions): Audit {
  return new ChainedAudit(options)
}

class ChainedAudit implements Audit {
  readonly hashOf: NonNullable<AuditSink['hashOf']>
  readonly #spools: readonly Spool[]
  readonly #log: AuditSink | undefined
  readonly #wallMs: () => number
  readonly #textOf = createAuditText()
  readonly room?: NonNullable<AuditSink['room']>
  /** One wait for all who wait. */
  #waiting: Promise<boolean> | undefined

  constructor ({ outputs, key, events, wallMs, about, maxChars = MAX_CHARS, log, whenFull }: AuditOptions) {
    const members = JSON.stringify(about).slice(1, -1)
    this.#spools = outputs.map((output) => new Spool(output, { key, events, wallMs, maxChars, about: members === '' ? '' : `${members},` }))
    this.#log = log
    this.#wallMs = wallMs
    if (whenFull === 'block') this.room = () => this.#roomWait()
    this.hashOf = createArgumentsHash(key.pem)
  }

  record (entry: AuditRecord): void {
    this.#log?.record(entry)
    const body = `"time":${this.#wallMs()},${this.#textOf(entry)}}`
    for (const spool of this.#spools) spool.record(body)
  }

  #roomWait (): Promise<boolean> | undefined {
    if (!this.#isBehind) return undefined
    this.#waiting ??= this.#waitForRoom().finally(() => { this.#waiting = undefined })
    return this.#waiting
  }

  reopen (): void {
    for (const spool of this.#spools) spool.reopen()
  }

  async close (): Promise<void> {
    await Promise.all(this.#spools.map(async (spool) => { await spool.close() }))
  }

  get #isBehind (): boolean { return this.#spools.some(({ isBehind }) => isBehind) }

  async #waitForRoom (): Promise<boolean> {
    return await new Promise((resolve) => {
      let lookedMs = 0
      const timer = setInterval(() => {
        lookedMs += LOOK_EVERY_MS
        if (this.#isBehind && lookedMs < ROOM_WAIT_MS) return
        clearInterval(timer)
        resolve(!this.#isBehind)
      }, LOOK_EVERY_MS)
    })
  }
}
