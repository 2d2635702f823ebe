import { freeBytes } from '../shared/free-bytes.ts'

/** A partial line's buffer starts at this size and doubles: one-byte chunks then cost no more than large ones. */
const FIRST_HELD_BYTES = 4096
/** Chunks from this size on are kept as they are until their line is whole; smaller ones are gathered in a buffer. */
const LARGE_CHUNK_BYTES = 16_384
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
  if (buffer.length > KEPT_HELD_BYTES && buffer.length <= MAX_SPARE_BYTES && buffer.length > (spare?.length ?? 0)) spare = buffer
}

/** What a splitter hands on. */
export interface LineReceiver {
  /**
   * The bytes `start..end` of `chunk` are valid during the call only, unless the receiver says that it keeps them: then they
   * are its own and never written to again.
   * @returns true = kept
   */
  line (chunk: Buffer, start: number, end: number): boolean
  /** The cap was passed. Nothing more will be handed on. */
  oversize (): void
}

/** Cuts a byte stream into lines. */
export interface LineSplitter {
  /** @param chunk the splitter's from now on: it may be freed */
  push (chunk: Buffer): void
}

/**
 * Splits on byte 0x0A and nothing else: in UTF-8 that byte is never part of another character, while U+2028, U+0085 and
 * a carriage return are ordinary content (T38). A line inside one chunk is handed on without a copy, a longer one is copied
 * once. A line of more than `maxBytes` ends the splitter before it is held (T39).
 */
export function createLineSplitter (maxBytes: number, receiver: LineReceiver): LineSplitter {
  return new ByteLineSplitter(maxBytes, receiver)
}

class ByteLineSplitter implements LineSplitter {
  readonly #maxBytes: number
  readonly #receiver: LineReceiver
  /** The beginning of a line whose end has not come yet: these chunks, and then the first `#heldBytes` of `#held`. */
  #chunks: Buffer[] = []
  #chunkBytes = 0
  #held = Buffer.alloc(0)
  #heldBytes = 0
  #over = false

  constructor (maxBytes: number, receiver: LineReceiver) {
    this.#maxBytes = maxBytes
    this.#receiver = receiver
  }

  push (chunk: Buffer): void {
    if (this.#over) return
    let start = this.#chunkBytes + this.#heldBytes > 0 ? this.#finishHeld(chunk) : 0
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
    if (this.#chunkBytes + this.#heldBytes + stop > this.#maxBytes) {
      this.#giveUp()
      return -1
    }
    this.#hold(chunk, 0, stop)
    if (end === -1) return -1
    if (this.#chunks.length > 0) this.#finishChunks()
    else this.#finishGathered()
    return end + 1
  }

  #finishChunks (): void {
    this.#keepGathered()
    const bytes = this.#chunkBytes
    const line = takeBuffer(bytes)
    let at = 0
    for (const chunk of this.#chunks) {
      at += chunk.copy(line, at)
      freeBytes(chunk)
    }
    this.#chunks = []
    this.#chunkBytes = 0
    // Only after the receiver has read it.
    if (!this.#receiver.line(line, 0, bytes)) giveBack(line)
  }

  #finishGathered (): void {
    const line = this.#held
    const lineBytes = this.#heldBytes
    this.#heldBytes = 0
    this.#held = Buffer.alloc(0)
    if (this.#receiver.line(line, 0, lineBytes)) return
    if (line.length > KEPT_HELD_BYTES) giveBack(line)
    else this.#held = line
  }

  #hold (chunk: Buffer, start: number, end: number): void {
    const bytes = end - start
    if (bytes >= LARGE_CHUNK_BYTES) {
      this.#keepGathered()
      this.#keep(chunk.subarray(start, end))
      return
    }
    const needed = this.#heldBytes + bytes
    if (needed > this.#held.length) {
      const grown = takeBuffer(Math.max(needed, Math.min(2 * this.#held.length, this.#maxBytes), FIRST_HELD_BYTES))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    chunk.copy(this.#held, this.#heldBytes, start, end)
    this.#heldBytes = needed
  }

  /** What was gathered stands before the chunk that is kept next. */
  #keepGathered (): void {
    if (this.#heldBytes === 0) return
    this.#keep(this.#held.subarray(0, this.#heldBytes))
    this.#held = Buffer.alloc(0)
    this.#heldBytes = 0
  }

  #keep (bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#chunkBytes += bytes.length
  }

  #giveUp (): void {
    this.#over = true
    this.#chunks = []
    this.#chunkBytes = 0
    this.#held = Buffer.alloc(0)
    this.#heldBytes = 0
    this.#receiver.oversize()
  }
}
