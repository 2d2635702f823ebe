import { sseMessage, ssePriming } from '../protocol/index.ts'

/** What a route hands over to be written to: one open SSE response. */
export interface StreamWriter {
  /** Writes one frame. False: nobody reads it, because the reader is gone or too slow and was cut; the stream lives on in the log (FR40). */
  write (frame: string): boolean
  /** Ends the response cleanly. */
  end (): void
}

/** Where a client that names its last event goes on. `over`: that stream has ended and everything was replayed; there is nothing to wait for. */
export type Resumption = { readonly stream: EventStream, readonly after: number } | 'over'

interface LoggedEvent { readonly stream: EventStream, readonly sequence: number, readonly text: string, readonly bytes: number }

/** Most events of one session's log: enough for a reconnect, little enough for a thousand sessions. */
export const MAX_EVENTS = 256
/** Most bytes of one session's log, frames included. A larger single event is kept alone. */
export const MAX_LOG_BYTES = 1_048_576
/** What an SSE frame adds to its message at most, so that a replay of the whole log stays below what a reader may leave unread. */
const FRAME_BYTES = 128
/** `retry:` of every priming event (SEP-1699): how long a client waits before it comes back. */
const RETRY_MS = 1000

/** `<salt>.<stream>.<sequence>`, numbers without leading zeros. */
const EVENT_ID = /^([\w-]+)\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})$/

/**
 * The events of one session, so that a client that lost its connection can resume (MCP 2025-11-25, resumability). Event
 * ids are `<salt>.<stream>.<sequence>`; the salt is the session's own, so an id of another session finds nothing (T20).
 */
export class EventLog {
  readonly #salt: string
  readonly #onDropped: () => void
  /** Does a stream begin with an id to resume from? Set when the client's revision is known. */
  primes = false
  #events: Array<LoggedEvent | undefined> = []
  #first = 0
  #bytes = 0
  #nextStream = 0
  readonly #streams = new Map<number, EventStream>()

  /** @param salt 8 or more characters of `[A-Za-z0-9_-]` */
  constructor (salt: string, onDropped: () => void) {
    this.#salt = salt
    this.#onDropped = onDropped
  }

  /** Streams that may still be resumed. */
  get openStreams (): number { return this.#streams.size }

  /** A new stream. The first of a session is its standalone (GET) stream. */
  open (): EventStream {
    const stream = new EventStream(this, this.#nextStream++)
    this.#streams.set(stream.number, stream)
    return stream
  }

  idOf (stream: number, sequence: number): string {
    return `${this.#salt}.${stream}.${sequence}`
  }

  append (stream: EventStream, sequence: number, text: string): void {
    const bytes = Buffer.byteLength(text) + FRAME_BYTES
    this.#events.push({ stream, sequence, text, bytes })
    stream.kept++
    this.#bytes += bytes
    while (this.#events.length - this.#first > MAX_EVENTS || (this.#bytes > MAX_LOG_BYTES && this.#events.length - this.#first > 1)) this.#dropOldest()
    if (this.#first > MAX_EVENTS) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
  }

  #dropOldest (): void {
    const dropped = this.#events[this.#first]
    // Emptied at once: the array is only cut now and then, and an event may be large.
    this.#events[this.#first++] = undefined
    if (dropped === undefined) return
    const { stream, sequence, bytes } = dropped
    this.#bytes -= bytes
    stream.kept--
    if (!stream.isSent(sequence)) this.#onDropped()
    this.forgetIfOver(stream)
  }

  /**
   * The stream of a Last-Event-ID, or nothing for an id that this session never gave out. A stream that is not remembered
   * any more had ended.
   */
  find (lastEventId: string): Resumption | undefined {
    const [, salt, number, sequence] = EVENT_ID.exec(lastEventId) ?? []
    if (salt !== this.#salt || Number(number) >= this.#nextStream) return undefined
    const stream = this.#streams.get(Number(number))
    if (stream === undefined) return 'over'
    const after = Number(sequence)
    if (after > stream.lastSequence) return undefined
    return stream.ended && this.after(stream, after).next().done === true ? 'over' : { stream, after }
  }

  * after (stream: EventStream, sequence: number): Generator<LoggedEvent> {
    for (let at = this.#first; at < this.#events.length; at++) {
      const event = this.#events[at]
      if (event !== undefined && event.stream === stream && event.sequence > sequence) yield event
    }
  }

  /** A stream that ended and has nothing left to replay is forgotten: a session may open very many of them. */
  forgetIfOver (stream: EventStream): void {
    if (stream.ended && stream.kept === 0) this.#streams.delete(stream.number)
  }
}

/** One SSE stream of a session: the standalone one, or the one of a POST. Survives its connection. */
export class EventStream {
  readonly number: number
  readonly #log: EventLog
  #writer: StreamWriter | undefined
  /** Highest sequence handed out; 0 is the priming event. */
  lastSequence = 0
  #sentSequence = 0
  /** Events of this stream in the log. */
  kept = 0
  ended = false
  /** Called when the connection of this stream is lost before its end, and no other one has taken its place. */
  onLost: (() => void) | undefined

  constructor (log: EventLog, number: number) {
    this.#log = log
    this.number = number
  }

  get attached (): boolean { return this.#writer !== undefined }

  /** Was it written to a connection? Whether it arrived, only a Last-Event-ID tells. */
  isSent (sequence: number): boolean { return sequence <= this.#sentSequence }

  /** Connects a reader: primes it with an id to resume from, then replays everything after `after`. */
  attach (writer: StreamWriter, after: number): void {
    const previous = this.#writer
    this.#writer = writer
    previous?.end()
    if (this.#log.primes) writer.write(ssePriming(this.#log.idOf(this.number, after), RETRY_MS))
    this.#replay(after)
    if (this.ended) this.#closeWriter()
  }

  /** Connects a reader that has seen everything this stream ever sent. */
  attachFresh (writer: StreamWriter): void {
    this.attach(writer, this.#sentSequence)
  }

  #replay (after: number): void {
    for (const event of this.#log.after(this, after)) {
      if (!this.#write(event.sequence, event.text)) return
    }
  }

  /** The reader is gone; events are kept for a resume. A reader that was replaced means nothing. */
  detach (writer: StreamWriter): void {
    if (this.#writer !== writer) return
    this.#writer = undefined
    this.onLost?.()
  }

  /** Nobody reads this stream any more. */
  detachAny (): void { this.#writer = undefined }

  send (text: string): void {
    const sequence = ++this.lastSequence
    this.#log.append(this, sequence, text)
    this.#write(sequence, text)
  }

  #write (sequence: number, text: string): boolean {
    const writer = this.#writer
    if (writer === undefined) return false
    if (writer.write(sseMessage(text, this.#log.idOf(this.number, sequence)))) {
      this.#sentSequence = Math.max(this.#sentSequence, sequence)
      return true
    }
    this.detach(writer)
    return false
  }

  /** No more events. A connected reader is ended; one that comes back gets the rest and is ended then. */
  end (): void {
    if (this.ended) return
    this.ended = true
    // The stream may be kept for a while; the request it belonged to must not be.
    this.onLost = undefined
    this.#closeWriter()
    this.#log.forgetIfOver(this)
  }

  #closeWriter (): void {
    const writer = this.#writer
    this.#writer = undefined
    writer?.end()
  }
}
