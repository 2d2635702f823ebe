import { Worker } from 'node:worker_threads'
import type { Verdict } from './types.ts'

interface Job {
  readonly schema: string
  readonly json: string | Uint8Array<ArrayBuffer>
  readonly members: number | undefined
  readonly settle: (verdict: Verdict) => void
}

/** Checks that wait for a thread at most; each holds its value meanwhile. */
const MAX_WAITING = 64
/** A thread without work ends after this. */
const IDLE_MS = 30_000
/** Memory of a thread: a schema that takes more ends it. */
const MAX_OLD_MB = 128

/**
 * Threads for checks whose cost nobody can bound beforehand: each has one at a time, and is ended when it takes too long, which
 * is the only way to stop a regular expression (T37). Started on demand.
 */
export class SchemaThreads {
  readonly #deadlineMs: number
  readonly #maxThreads: number
  readonly #waiting: Job[] = []
  readonly #idle: CheckThread[] = []
  readonly #all = new Set<CheckThread>()
  #closed = false

  constructor ({ deadlineMs, maxThreads }: { readonly deadlineMs: number, readonly maxThreads: number }) {
    this.#deadlineMs = deadlineMs
    this.#maxThreads = maxThreads
  }

  /** Never rejects. */
  check (schema: string, json: string | Uint8Array<ArrayBuffer>, members: number | undefined): Promise<Verdict> {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) return Promise.resolve({ kind: 'busy' })
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    this.#waiting.push({ schema, json, members, settle: resolve })
    this.#next()
    return promise
  }

  close (): void {
    this.#closed = true
    for (const { settle } of this.#waiting.splice(0)) settle({ kind: 'busy' })
    for (const thread of this.#all) thread.end()
  }

  #next (): void {
    if (this.#waiting.length === 0) return
    const thread = this.#idle.pop() ?? this.#start()
    const job = thread === undefined ? undefined : this.#waiting.shift()
    if (job !== undefined) thread?.run(job)
  }

  #start (): CheckThread | undefined {
    if (this.#all.size >= this.#maxThreads) return undefined
    const thread = new CheckThread(this.#deadlineMs, {
      idle: () => {
        this.#idle.push(thread)
        this.#next()
      },
      ended: () => {
        this.#all.delete(thread)
        const at = this.#idle.indexOf(thread)
        if (at !== -1) this.#idle.splice(at, 1)
        this.#next()
      }
    })
    this.#all.add(thread)
    return thread
  }
}

class CheckThread {
  readonly #worker: Worker
  readonly #deadlineMs: number
  readonly #onIdle: () => void
  #job: Job | undefined
  #isUp = false
  #timer: NodeJS.Timeout

  constructor (deadlineMs: number, on: { readonly idle: () => void, readonly ended: () => void }) {
    this.#deadlineMs = deadlineMs
    this.#onIdle = on.idle
    // Not TypeScript, whose loader would cost the thread more memory than everything else.
    this.#worker = new Worker(new URL('./check-thread.mjs', import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: MAX_OLD_MB }, env: {}, execArgv: [] })
    this.#worker.unref()
    this.#worker.on('message', (message: Verdict | 'up') => this.#heard(message))
    // Its own end follows.
    this.#worker.on('error', () => undefined)
    this.#worker.on('exit', () => {
      this.#settle({ kind: 'late' })
      clearTimeout(this.#timer)
      on.ended()
    })
    this.#timer = setTimeout(() => this.end(), IDLE_MS).unref()
  }

  run (job: Job): void {
    this.#job = job
    clearTimeout(this.#timer)
    // Starting one is not the value's fault; a thread that does not come up is given ten times as long.
    this.#timer = setTimeout(() => this.end(), this.#isUp ? this.#deadlineMs : this.#deadlineMs * 10)
    const { schema, json, members } = job
    // Memory that is shared with other buffers is copied.
    const isOwn = typeof json !== 'string' && json.byteLength === json.buffer.byteLength
    this.#worker.postMessage({ schema, json, members }, isOwn ? [json.buffer] : [])
  }

  end (): void {
    this.#worker.terminate().catch(() => undefined)
  }

  #heard (message: Verdict | 'up'): void {
    if (message === 'up') {
      this.#isUp = true
      if (this.#job !== undefined) this.#timer = renewed(this.#timer, this.#deadlineMs, () => this.end())
      return
    }
    this.#timer = renewed(this.#timer, IDLE_MS, () => this.end()).unref()
    this.#settle(message)
    this.#onIdle()
  }

  #settle (verdict: Verdict): void {
    const job = this.#job
    this.#job = undefined
    job?.settle(verdict)
  }
}

function renewed (timer: NodeJS.Timeout, delayMs: number, then: () => void): NodeJS.Timeout {
  clearTimeout(timer)
  return setTimeout(then, delayMs)
}
