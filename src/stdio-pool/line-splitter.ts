/** A partial line's buffer starts at this size and doubles: one-byte chunks then cost no more than large ones. */
const FIRST_HELD_BYTES = 4096
/** A larger buffer is given back after its line, so that one big answer does not stay in memory. */
const KEPT_HELD_BYTES = 256 * 1024
/** The largest buffer that was given back is kept for the next big answer, whosever: one for all splitters, at most so large. */
const MAX_SPARE_BYTES = 4 * 1024 * 1024

let spare: Buffer<ArrayBuffer> | undefined

function takeBuffer (bytes: number): Buffer<ArrayBuffer> {
  if (spare === undefined || bytes <= KEPT_HELD_BYTES || spare.length < bytes) return Buffer.allocUnsafeSlow(bytes)
  const taken = spare
  spare = undefined
  return taken
}

function giveBack (buffer: Buffer<ArrayBuffer>): void {
  if (buffer.length <= MAX_SPARE_BYTES && buffer.length > (spare?.length ?? 0)) spare = buffer
}

/** What a splitter hands on. The bytes `start..end` of `chunk` are valid during the call only. */
export interface LineReceiver {
  line (chunk: Buffer, start: number, end: number): void
  /** The cap was passed. Nothing more will be handed on. */
  oversize (): void
}

/** Cuts a byte stream into lines. */
export interface LineSplitter {
  push (chunk: Buffer): void
}

/**
 * Splits on byte 0x0A and nothing else: in UTF-8 that byte is never part of another character, while U+2028, U+0085 and
 * a carriage return are ordinary content (T38). A line inside one chunk is handed on without a copy. A line of more than
 * `maxBytes` ends the splitter before it is held (T39).
 */
export function createLineSplitter (maxBytes: number, receiver: LineReceiver): LineSplitter {
  return new ByteLineSplitter(maxBytes, receiver)
}

class ByteLineSplitter implements LineSplitter {
  readonly #maxBytes: number
  readonly #receiver: LineReceiver
  /** The beginning of a line whose end has not come yet: the first `#heldBytes` of `#held`. */
  #held = Buffer.alloc(0)
  #heldBytes = 0
  #over = false

  constructor (maxBytes: number, receiver: LineReceiver) {
    this.#maxBytes = maxBytes
    this.#receiver = receiver
  }

  push (chunk: Buffer): void {
    if (this.#over) return
    let start = this.#heldBytes > 0 ? this.#finishHeld(chunk) : 0
    if (start === -1) return
    for (let end = chunk.indexOf(0x0A, start); end !== -1; end = chunk.indexOf(0x0A, start)) {
      if (end - start > this.#maxBytes) return this.#giveUp()
      this.#receiver.line(chunk, start, end)
      start = end + 1
    }
    if (chunk.length - start > this.#maxBytes) this.#giveUp()
    else if (start < chunk.length) this.#hold(chunk, start, chunk.length)
  }

  /** Hands on the held beginning of a line together with its end; returns where the next line starts, -1 for none. */
  #finishHeld (chunk: Buffer): number {
    const end = chunk.indexOf(0x0A)
    const stop = end === -1 ? chunk.length : end
    if (this.#heldBytes + stop > this.#maxBytes) {
      this.#giveUp()
      return -1
    }
    this.#hold(chunk, 0, stop)
    if (end === -1) return -1
    const line = this.#held
    const lineBytes = this.#heldBytes
    this.#heldBytes = 0
    const isLarge = line.length > KEPT_HELD_BYTES
    if (isLarge) this.#held = Buffer.alloc(0)
    this.#receiver.line(line, 0, lineBytes)
    // Only now: the receiver has read it.
    if (isLarge) giveBack(line)
    return end + 1
  }

  #hold (chunk: Buffer, start: number, end: number): void {
    const needed = this.#heldBytes + end - start
    if (needed > this.#held.length) {
      const grown = takeBuffer(Math.max(needed, Math.min(2 * this.#held.length, this.#maxBytes), FIRST_HELD_BYTES))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    chunk.copy(this.#held, this.#heldBytes, start, end)
    this.#heldBytes = needed
  }

  #giveUp (): void {
    this.#over = true
    this.#held = Buffer.alloc(0)
    this.#heldBytes = 0
    this.#receiver.oversize()
  }
}
