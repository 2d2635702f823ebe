import { writeSync } from 'node:fs'
import type { LineSink } from './line-buffer.ts'

const STDOUT = 1
/** Text that waits for a reader, in bytes, before more is given up: a log that nobody reads must not stop calls or fill memory (FR38). */
const MAX_WAITING_BYTES = 8_388_608
/** How long a full pipe is left alone, in milliseconds. */
const RETRY_MS = 20
/** How long the end of the process may wait for a reader, in milliseconds. */
const LAST_WAIT_MS = 1000

let isWaiting = false

/** Has this process written something to standard output that is not all there yet? Whoever else writes to it waits. */
export function standardOutputWaits (): boolean {
  return isWaiting
}

/**
 * Standard output that never blocks and never throws. Pieces are written at once while there is room; what a slow reader
 * leaves is kept in order up to a bound. pino's own destination was tried: once its reader is gone, its flush at exit
 * repeats the failing write for ever and the process never ends.
 */
export class StandardOutput implements LineSink {
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #retry: NodeJS.Timeout | undefined
  #isGone = false
  readonly #onDropped: (lines: number) => void

  constructor (onDropped: (lines: number) => void = () => {}) {
    this.#onDropped = onDropped
    // Node makes a pipe non-blocking when its stream is made; writing past it would block on a full one otherwise.
    process.stdout.on('error', () => { this.#giveUp() })
  }

  write (text: string): void {
    if (this.#isGone) return
    const piece = Buffer.from(text)
    if (this.#waitingBytes + piece.length > MAX_WAITING_BYTES) {
      this.#onDropped(linesIn(piece))
      return
    }
    this.#waiting.push(piece)
    this.#waitingBytes += piece.length
    if (this.#retry === undefined && !this.#writeWaiting()) this.#retryLater()
  }

  flushSync (): void {
    const giveUpAt = performance.now() + LAST_WAIT_MS
    while (!this.#writeWaiting() && performance.now() < giveUpAt) pause(RETRY_MS)
  }

  end (): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
  }

  /** @returns false when the reader has to catch up first */
  #writeWaiting (): boolean {
    for (let piece = this.#waiting[0]; piece !== undefined; piece = this.#waiting[0]) {
      const written = this.#writeSome(piece)
      isWaiting = written === undefined || written < piece.length
      if (written === undefined) return false
      this.#waitingBytes -= written
      if (written < piece.length) this.#waiting[0] = piece.subarray(written)
      else this.#waiting.shift()
    }
    return true
  }

  /** @returns bytes written; all of them when nobody will ever read them, `undefined` when there is no room right now */
  #writeSome (piece: Buffer): number | undefined {
    try {
      return writeSync(STDOUT, piece)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
      this.#giveUp()
      return piece.length
    }
  }

  #giveUp (): void {
    this.#isGone = true
    this.#waiting = this.#waiting.slice(0, 1)
  }

  #retryLater (): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      if (!this.#writeWaiting()) this.#retryLater()
    }, RETRY_MS).unref()
  }
}

function linesIn (piece: Buffer): number {
  let lines = 0
  for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++
  return lines
}

function pause (ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
