import { FieldLines, isTokenByte } from './field-lines.ts'
import { TextBlock } from './text-block.ts'

const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a
const SEMICOLON = 0x3b
const EQUALS = 0x3d
/** The extensions of one chunk, which say nothing to us: names and values without quotes. */
const MAX_EXTENSION_BYTES = 1024
const MAX_TRAILER_BYTES = 16_384
/** Twelve hexadecimal digits are a safe integer. */
const MAX_DIGITS = 12

/** What comes next. */
type State = 'size' | 'extension' | 'size end' | 'data' | 'data return' | 'data line feed' | 'trailer' | 'done'

/** A chunked body, read strictly (RFC 9112 7.1): whoever reads such framing in a second way can be made to see another answer (T49). */
export class ChunkedBody {
  readonly #onData: (piece: Buffer) => void
  readonly #trailer = new TextBlock(MAX_TRAILER_BYTES)
  #state: State = 'size'
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #hasValue = false
  /** The byte before the one that is looked at. */
  #before = 0

  constructor (onData: (piece: Buffer) => void) {
    this.#onData = onData
  }

  get isDone (): boolean { return this.#state === 'done' }

  /** @returns where in the bytes it stopped: at `end`, or where the body has ended; -1: malformed */
  push (bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.#state !== 'done') {
      if (this.#state === 'data') at = this.#data(bytes, at, end)
      else if (this.#state === 'trailer') return this.#trailers(bytes, at, end)
      else if (!this.#line(bytes[at++] ?? 0)) return -1
    }
    return at
  }

  #data (bytes: Buffer, at: number, end: number): number {
    const until = Math.min(end, at + this.#size)
    this.#size -= until - at
    if (this.#size === 0) this.#state = 'data return'
    this.#onData(bytes.subarray(at, until))
    return until
  }

  /** One byte of what lies between data and data. */
  #line (byte: number): boolean {
    switch (this.#state) {
      case 'size': return this.#sizeByte(byte)
      case 'extension':
        if (byte === CARRIAGE_RETURN) this.#state = 'size end'
        return ++this.#extensionBytes <= MAX_EXTENSION_BYTES && this.#isExtension(byte)
      case 'size end':
        this.#endSize()
        return byte === LINE_FEED
      case 'data return':
        this.#state = 'data line feed'
        return byte === CARRIAGE_RETURN
      case 'data line feed':
        this.#state = 'size'
        return byte === LINE_FEED
      case 'data':
      case 'trailer':
      case 'done':
        return false
    }
  }

  #sizeByte (byte: number): boolean {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit
      return ++this.#digits <= MAX_DIGITS
    }
    this.#extensionBytes = 0
    this.#hasValue = false
    this.#before = byte
    this.#state = byte === SEMICOLON ? 'extension' : 'size end'
    return this.#digits > 0 && (byte === SEMICOLON || byte === CARRIAGE_RETURN)
  }

  /** `;name` or `;name=value`, any number of them. */
  #isExtension (byte: number): boolean {
    const isAfterToken = isTokenByte(this.#before)
    this.#before = byte
    if (isTokenByte(byte)) return true
    const isSecondValue = byte === EQUALS && this.#hasValue
    this.#hasValue = byte === EQUALS
    return isAfterToken && !isSecondValue && (byte === EQUALS || byte === SEMICOLON || byte === CARRIAGE_RETURN)
  }

  #endSize (): void {
    this.#digits = 0
    this.#state = this.#size === 0 ? 'trailer' : 'data'
    // The end of the last size line may be the beginning of the empty line that ends the trailers.
    if (this.#size === 0) this.#trailer.begin('\r\n')
  }

  /** Nothing in trailers is for us, but they are held to the rules of headers, and may not speak of lengths (RFC 9110 6.5.1). */
  #trailers (bytes: Buffer, at: number, end: number): number {
    const stopped = this.#trailer.push(bytes, at, end)
    if (stopped === -1) return end
    this.#state = 'done'
    const lines = stopped === -2 ? undefined : FieldLines.parse(this.#trailer.text, 2)
    const isSafe = lines !== undefined && lines.get('content-length') === undefined && lines.get('transfer-encoding') === undefined
    return isSafe ? stopped : -1
  }
}

function hexDigit (byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
