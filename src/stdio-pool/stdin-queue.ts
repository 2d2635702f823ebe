import type { Writable } from 'node:stream'
import type { JsonText } from '../protocol/index.ts'
import { safeLine } from './safe-line.ts'

/** Bounds on what waits for a pipe that is full (FR09). */
export interface StdinBounds {
  readonly maxBytes: number
  readonly maxMessages: number
}

/**
 * 1 024 messages per worker, and twice the largest body that is let in by default: with 1 MiB, which FR09 proposes, most
 * of four parallel calls of 1 MiB were refused although the server kept up (measured by the bench's 1MiB row).
 */
export const STDIN_BOUNDS: StdinBounds = { maxBytes: 8 * 1024 * 1024, maxMessages: 1024 }

/** The way into one process. */
export interface StdinQueue {
  /** See Worker.send. */
  send (text: JsonText): 'sent' | 'full' | 'closed'
  /** Writes what is queued, then closes the stream. Later texts are 'closed'. */
  end (): void
  /** Forgets what is queued: the process is gone. */
  drop (): void
}

/**
 * Gathers the texts of one event-loop turn and writes them at once: at load a system call carries many messages. At
 * most one write is under way; while the pipe has not taken it, texts wait up to the bounds, then are refused. A single
 * text larger than the bound passes when nothing else waits.
 */
export function createStdinQueue (stream: Writable, bounds: StdinBounds = STDIN_BOUNDS): StdinQueue {
  return new TurnQueue(stream, bounds)
}

/** From so many bytes on, a write is made of bytes: for a string of that length Node reserves three times as many first. */
const LARGE_BYTES = 65_536
const LINE_FEED = 0x0A
const CARRIAGE_RETURN = 0x0D

const NOTHING = { messages: 0, bytes: 0 }

class TurnQueue implements StdinQueue {
  readonly #stream: Writable
  readonly #bounds: StdinBounds
  #waiting: JsonText[] = []
  #waitingBytes = 0
  /** Something that waits is in pieces. */
  #isSpliced = false
  /** All that waits is ASCII, so `#waitingBytes` is exact and each character a byte. */
  #isAscii = true
  /** What was written and the pipe has not taken yet. */
  #flying = NOTHING
  #isScheduled = false
  #isClosed = false

  constructor (stream: Writable, bounds: StdinBounds) {
    this.#stream = stream
    this.#bounds = bounds
  }

  send (text: JsonText): 'sent' | 'full' | 'closed' {
    if (this.#isClosed) return 'closed'
    const bytes = (typeof text === 'string' ? Buffer.byteLength(text) : text.bytes) + 1
    if (this.#isOver(bytes)) {
      // Perhaps only this turn's own texts are over, and the pipe takes them.
      this.#flush()
      if (this.#isOver(bytes)) return 'full'
    }
    this.#waitingBytes += bytes
    if (typeof text === 'string') this.#wait(safeLine(text, bytes - 1), bytes - 1 === text.length)
    // No pieces of ours hold a line end; should that ever be wrong, it costs speed and no frame (T38).
    else if (text.holds(LINE_FEED) || text.holds(CARRIAGE_RETURN)) this.#wait(safeLine(String(text), bytes - 1), false)
    else {
      this.#isSpliced = true
      text.hold()
      this.#waiting.push(text)
    }
    if (!this.#isScheduled && this.#flying.messages === 0) {
      this.#isScheduled = true
      setImmediate(this.#onTurnEnd)
    }
    return 'sent'
  }

  #wait (line: string, isAscii: boolean): void {
    this.#waiting.push(line)
    if (!isAscii) this.#isAscii = false
  }

  end (): void {
    if (this.#isClosed) return
    const rest = this.#waiting
    this.drop()
    if (rest.length > 0) this.#stream.write(`${rest.join('\n')}\n`)
    this.#stream.end()
  }

  drop (): void {
    this.#isClosed = true
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #isOver (bytes: number): boolean {
    const messages = this.#waiting.length + this.#flying.messages
    if (messages === 0) return false
    return messages >= this.#bounds.maxMessages || this.#waitingBytes + this.#flying.bytes + bytes > this.#bounds.maxBytes
  }

  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false
    this.#flush()
  }

  readonly #onTaken = (): void => {
    // Also called for writes that were taken at once: those are done with already.
    if (this.#flying.messages === 0 || this.#stream.writableLength > 0) return
    this.#flying = NOTHING
    this.#flush()
  }

  #flush (): void {
    const texts = this.#waiting
    if (this.#flying.messages > 0 || texts.length === 0 || this.#stream.destroyed) return
    const bytes = this.#waitingBytes
    const isSpliced = this.#isSpliced
    const lines = isSpliced ? '' : bytes >= LARGE_BYTES && this.#isAscii ? asciiLines(texts as string[], bytes) : linesOf(texts as string[])
    this.#flying = { messages: texts.length, bytes }
    this.#waiting = []
    this.#waitingBytes = 0
    this.#isAscii = true
    this.#isSpliced = false
    if (isSpliced) this.#writePieces(texts)
    else this.#stream.write(lines, this.#onTaken)
    // The kernel mostly takes it at once; the callback would say so only after this turn.
    if (this.#stream.writableLength === 0) this.#flying = NOTHING
  }

  /** One writev of everything, in which what is bytes is not copied. */
  #writePieces (texts: readonly JsonText[]): void {
    const stream = this.#stream
    stream.cork()
    for (const text of texts) {
      for (const piece of typeof text === 'string' ? [text] : text.pieces) stream.write(piece)
      stream.write('\n', typeof text === 'string' ? undefined : (failed) => { if (failed == null) text.release() })
    }
    stream.write('', this.#onTaken)
    stream.uncork()
  }
}

function linesOf (texts: readonly string[]): string {
  return texts.length === 1 ? `${texts[0]}\n` : `${texts.join('\n')}\n`
}

/** The same as bytes, copied once. */
function asciiLines (texts: readonly string[], bytes: number): Buffer {
  const lines = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const text of texts) {
    at += lines.write(text, at, 'latin1')
    lines[at++] = LINE_FEED
  }
  return lines
}
