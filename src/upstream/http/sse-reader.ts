import { ByteGatherer } from './byte-gatherer.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const COLON = 0x3a

/**
 * Reads text/event-stream as it arrives (WHATWG HTML, server-sent events): lines end with CR, LF or CRLF, pieces may end
 * anywhere, also within a character or between CR and LF. The work is linear in the bytes, whatever they are.
 */
export class SseReader {
  readonly #maxEventBytes: number
  readonly #onEvent: (data: string, type: string) => void
  /** A line whose end has not come yet. */
  readonly #line = new ByteGatherer()
  #afterCarriageReturn = false
  #isFirstLine = true
  #eventBytes = 0
  #data: string | undefined
  #type = ''
  #id: string | undefined
  /** Id of the last event that came whole; undefined also after an empty one. */
  lastEventId: string | undefined
  /** The newest `retry` of the server, in milliseconds. */
  retryMs: number | undefined

  /**
   * @param maxEventBytes of one event, all its lines together; a single line is held to it too, comments included
   * @param onEvent an event with data, which may be empty; type '' when the server named none
   */
  constructor (maxEventBytes: number, onEvent: (data: string, type: string) => void) {
    this.#maxEventBytes = maxEventBytes
    this.#onEvent = onEvent
  }

  /** False: an event is longer than it may be; nothing more may be pushed. */
  push (chunk: Buffer): boolean {
    if (chunk.length === 0) return true
    let start = this.#afterCarriageReturn && chunk[0] === LINE_FEED ? 1 : 0
    this.#afterCarriageReturn = false
    let lineFeed = chunk.indexOf(LINE_FEED, start)
    let carriageReturn = chunk.indexOf(CARRIAGE_RETURN, start)
    while (lineFeed !== -1 || carriageReturn !== -1) {
      const isReturn = carriageReturn !== -1 && (lineFeed === -1 || carriageReturn < lineFeed)
      const end = isReturn ? carriageReturn : lineFeed
      if (!this.#endLine(chunk, start, end)) return false
      start = end + 1
      if (isReturn) {
        if (start === chunk.length) this.#afterCarriageReturn = true
        else if (lineFeed === start) start++
        carriageReturn = chunk.indexOf(CARRIAGE_RETURN, start)
      }
      // A search that found nothing is not made again for each line.
      if (lineFeed !== -1 && lineFeed < start) lineFeed = chunk.indexOf(LINE_FEED, start)
    }
    return this.#keep(chunk.subarray(start))
  }

  #keep (piece: Buffer): boolean {
    if (piece.length === 0) return true
    this.#line.add(piece)
    return this.#eventBytes + this.#line.length <= this.#maxEventBytes
  }

  #endLine (chunk: Buffer, start: number, end: number): boolean {
    if (this.#line.length > 0) {
      if (!this.#keep(chunk.subarray(start, end))) return false
      return this.#read(this.#line.length, this.#line.take())
    }
    if (start === end) {
      this.#dispatch()
      return true
    }
    // Keep-alive comments are not even decoded.
    if (chunk[start] === COLON) return true
    return this.#read(end - start, chunk.toString('utf8', start, end))
  }

  #read (bytes: number, text: string): boolean {
    let line = text
    if (this.#isFirstLine) {
      this.#isFirstLine = false
      if (line.charCodeAt(0) === 0xfeff) line = line.slice(1)
    }
    if (line.charCodeAt(0) === COLON) return true
    this.#eventBytes += bytes + 1
    if (this.#eventBytes > this.#maxEventBytes) return false
    const colon = line.indexOf(':')
    if (colon === -1) this.#field(line, '')
    else this.#field(line.slice(0, colon), line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1))
    return true
  }

  #field (name: string, value: string): void {
    switch (name) {
      case 'data':
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
        break
      case 'event':
        this.#type = value
        break
      case 'id':
        if (!value.includes('\0')) this.#id = value
        break
      case 'retry':
        if (/^[0-9]{1,9}$/.test(value)) this.retryMs = Number(value)
    }
  }

  #dispatch (): void {
    const data = this.#data
    const type = this.#type
    this.lastEventId = this.#id === '' ? undefined : this.#id
    this.#data = undefined
    this.#type = ''
    this.#eventBytes = 0
    if (data !== undefined) this.#onEvent(data, type)
  }
}
