import type { JsonText } from '../protocol/index.ts'
import type { Clock } from '../shared/clock.ts'
import { createByteRing } from './byte-ring.ts'
import { childExit } from './child-exit.ts'
import { readMessages } from './message-reader.ts'
import type { MessageReceiver } from './message-reader.ts'
import type { PoolEvents } from './pool-options.ts'
import { groupGone, signalGroup } from './process-group.ts'
import type { StartedChild } from './spawn-process.ts'
import { createStdinQueue } from './stdin-queue.ts'
import type { Worker, WorkerExit, WorkerExitReason, WorkerOwner } from './types.ts'
import { settlesWithin } from './settles-within.ts'

/** What is kept of stderr (FR06). */
export const STDERR_TAIL_BYTES = 64 * 1024
/** How long a killed group is waited for: only zombies that nobody reaps take longer. */
const GROUP_GONE_MS = 1000

/** What a worker is made of. */
export interface WorkerParts {
  readonly id: string
  readonly child: StartedChild
  readonly owner: WorkerOwner
  /** Started for nobody yet. */
  readonly isSpare?: boolean
  readonly clock: Clock
  readonly events: PoolEvents
  readonly stopGraceMs: number
}

/** A worker as the pool sees it. */
export interface LiveWorker extends Worker {
  /** Settles when no process of the group is left. Never rejects. */
  readonly gone: Promise<void>
  /** The process is on its way out, or has ended. */
  readonly isEnding: boolean
  /** Gives a spare its one owner. @throws TypeError when it had one: that would be an isolation fault (T19) */
  bindTo (owner: WorkerOwner): void
}

/** Reads, writes and ends one started process. */
export function createWorker (parts: WorkerParts): LiveWorker {
  return new ChildWorker(parts)
}

class ChildWorker implements LiveWorker {
  readonly id: string
  readonly pid: number
  readonly startedAtMs: number
  readonly exited: Promise<WorkerExit>
  readonly gone: Promise<void>
  readonly #parts: WorkerParts
  readonly #stdin
  readonly #stderr = createByteRing(STDERR_TAIL_BYTES)
  #owner: WorkerOwner
  #isSpare: boolean
  #noise = 0
  #onMessage: Worker['onMessage']
  #reason: WorkerExitReason | undefined
  #ended = false
  #stopping: Promise<void> | undefined

  constructor (parts: WorkerParts) {
    this.#parts = parts
    this.id = parts.id
    this.pid = parts.child.pid
    this.#owner = parts.owner
    this.#isSpare = parts.isSpare === true
    this.startedAtMs = parts.clock.nowMs()
    this.#stdin = createStdinQueue(parts.child.stdin)
    this.exited = this.#untilExit()
    this.gone = this.exited.then(() => groupGone(this.pid, GROUP_GONE_MS))
    this.#watchPipes()
  }

  get owner (): WorkerOwner { return this.#owner }
  get isSpare (): boolean { return this.#isSpare }
  get noise (): number { return this.#noise }

  bindTo (owner: WorkerOwner): void {
    if (!this.#isSpare) throw new TypeError(`${this.id} has an owner already`)
    this.#isSpare = false
    this.#owner = owner
  }

  get onMessage (): Worker['onMessage'] {
    return this.#onMessage
  }

  set onMessage (receiver: Worker['onMessage']) {
    const isFirst = this.#onMessage === undefined
    this.#onMessage = receiver
    if (isFirst && receiver !== undefined) readMessages(this.#parts.child.stdout, this.#parts.clock, this.#receiver())
  }

  get isEnding (): boolean {
    return this.#ended || this.#reason !== undefined
  }

  send (text: JsonText): 'sent' | 'full' | 'closed' {
    return this.#stdin.send(text)
  }

  stop (): Promise<void> {
    return this.#terminate('stopped')
  }

  kill (reason: WorkerExitReason = 'stopped'): void {
    if (this.#ended) return
    this.#reason ??= reason
    this.#stdin.drop()
    signalGroup(this.pid, 'SIGKILL')
  }

  stderrTail (): string {
    return this.#stderr.text()
  }

  #receiver (): MessageReceiver {
    const { events, owner: { server } } = this.#parts
    return {
      message: (message, bytes) => this.#onMessage?.(message, bytes),
      dropped: (kind) => {
        this.#noise += 1
        events.protocolError(server, kind)
      },
      broken: (reason) => this.kill(reason)
    }
  }

  async #untilExit (): Promise<WorkerExit> {
    const exit = await childExit(this.#parts.child, () => {
      this.#ended = true
      this.#stdin.drop()
    })
    return { reason: this.#reason ?? 'crashed', ...exit }
  }

  #watchPipes (): void {
    const { child, events, owner } = this.#parts
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.write(chunk)
      events.stderrBytes(owner.server, chunk.length)
    })
    // A process that closed its end of a pipe can serve nobody any more, even if it lives on.
    child.stdin.on('close', () => this.#terminate('crashed'))
    child.stdout.on('end', () => this.#terminate('crashed'))
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  }

  #terminate (reason: WorkerExitReason): Promise<void> {
    if (this.#ended) return this.gone
    this.#reason ??= reason
    this.#stopping ??= this.#climb()
    return this.#stopping
  }

  /** The order of MCP's shutdown for stdio: end of input, TERM, KILL. */
  async #climb (): Promise<void> {
    this.#stdin.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await settlesWithin(this.exited, this.#parts.stopGraceMs)) break
      signalGroup(this.pid, signal)
    }
    await this.gone
  }
}
