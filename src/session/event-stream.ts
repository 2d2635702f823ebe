import { sseMessage, ssePriming } from '../protocol/index.ts'

/** What a route hands over to be written to: one open SSE response. */
export interface StreamWriter {
  /** Writes one frame. False: the reader is too slow and the response was cut; the stream lives on in the log (FR40). */
  write (frame: string): boolean
  /** Ends the response cleanly. */
  end (): void
}

interface LoggedEvent { readonly stream: number, readonly sequence: number, readonly text: string }

/** Bounds of one session's log: enough for a reconnect, little enough for a thousand sessions. */
const MAX_EVENTS = 256
const MAX_BYTES = 1_048_576
/** `retry:` of every priming event (SEP-1699): how long a client waits before it comes back. */
const RETRY_MS = 1000

/**
 * The events of one session, so that a client that lost its connection can resume (MCP 2025-11-25, resumability). Event
 * ids are `<salt>.<stream>.<sequence>`; the salt is the session's own, so an id of another session finds nothing (T20).
 */
export class EventLog {
  readonly #salt: string
  readonly #onDropped: () => void
  /** Does a stream begin with an id to resume from? Set when the client's revision is known. */
  primes = false
  #events: LoggedEvent[] = []
  #first = 0
  #bytes = 0
  #nextStream = 0
  readonly #streams = new Map<number, EventStream>()

  /** @param salt 8 or more characters of `[A-Za-z0-9_-]` */
  constructor (salt: string, onDropped: () => void) {
    this.#salt = salt
    this.#onDropped = onDropped
  }

  /** A new stream. The first of a session is its standalone (GET) stream. */
  open (): EventStream {
    const stream = new EventStream(this, this.#nextStream++)
    this.#streams.set(stream.number, stream)
    return stream
  }

  idOf (stream: number, sequence: number): string {
    return `${this.#salt}.${stream}.${sequence}`
  }

  append (stream: number, sequence: number, text: string): void {
    this.#events.push({ stream, sequence, text })
    this.#bytes += text.length
    while (this.#events.length - this.#first > MAX_EVENTS || (this.#bytes > MAX_BYTES && this.#events.length - this.#first > 1)) this.#dropOldest()
    if (this.#first > MAX_EVENTS) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
  }

  #dropOldest (): void {
    const dropped = this.#events[this.#first++]
    if (dropped === undefined) return
    this.#bytes -= dropped.text.length
    const stream = this.#streams.get(dropped.stream)
    if (stream !== undefined && !stream.isSent(dropped.sequence)) this.#onDropped()
    if (stream?.ended === true && stream.lastSequence === dropped.sequence) this.#streams.delete(dropped.stream)
  }

  /** Finds the stream of a Last-Event-ID, or nothing for an id that this session never gave out. */
  find (lastEventId: string): { readonly stream: EventStream, readonly after: number } | undefined {
    const [salt, stream, sequence, ...rest] = lastEventId.split('.')
    if (salt !== this.#salt || rest.length > 0) return undefined
    const found = this.#streams.get(Number(stream))
    const after = Number(sequence)
    if (found === undefined || !Number.isSafeInteger(after) || after < 0 || after > found.lastSequence) return undefined
    return { stream: found, after }
  }

  * after (stream: number, sequence: number): Generator<LoggedEvent> {
    for (let at = this.#first; at < this.#events.length; at++) {
      const event = this.#events[at]
      if (event !== undefined && event.stream === stream && event.sequence > sequence) yield event
    }
  }

  /** A stream that ended with nothing left to replay is forgotten. */
  forget (stream: number): void {
    this.#streams.delete(stream)
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
  ended = false

  constructor (log: EventLog, number: number) {
    this.#log = log
    this.number = number
  }

  get attached (): boolean { return this.#writer !== undefined }

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
    for (const event of this.#log.after(this.number, after)) {
      if (!this.#write(event.sequence, event.text)) return
    }
  }

  /** The reader is gone; events are kept for a resume. */
  detach (writer: StreamWriter): void {
    if (this.#writer === writer) this.#writer = undefined
  }

  /** Nobody reads this stream any more. */
  detachAny (): void { this.#writer = undefined }

  send (text: string): void {
    const sequence = ++this.lastSequence
    this.#log.append(this.number, sequence, text)
    this.#write(sequence, text)
  }

  #write (sequence: number, text: string): boolean {
    const writer = this.#writer
    if (writer === undefined) return false
    this.#sentSequence = Math.max(this.#sentSequence, sequence)
    if (writer.write(sseMessage(text, this.#log.idOf(this.number, sequence)))) return true
    this.detach(writer)
    return false
  }

  /** No more events. A connected reader is ended; one that comes back gets the rest and is ended then. */
  end (): void {
    this.ended = true
    this.#closeWriter()
  }

  #closeWriter (): void {
    const writer = this.#writer
    this.#writer = undefined
    writer?.end()
  }
}
