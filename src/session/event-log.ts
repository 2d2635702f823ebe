import { EventStream, type StreamLog } from './event-stream.ts'

/** Where a client that names its last event goes on. `over`: that stream has ended and everything was replayed; there is nothing to wait for. */
export type Resumption = { readonly stream: EventStream, readonly after: number } | 'over'

interface LoggedEvent { readonly stream: EventStream, readonly sequence: number, readonly text: string, readonly bytes: number }

/** Most events of one session's log: enough for a reconnect, little enough for a thousand sessions. */
export const MAX_EVENTS = 256
/** Most bytes of one session's log, frames included. A larger single event is kept alone. */
export const MAX_LOG_BYTES = 1_048_576
/** What an SSE frame adds to its message at most, so that a replay of the whole log stays below what a reader may leave unread. */
const FRAME_BYTES = 128

/** `<salt>.<stream>.<sequence>`, numbers without leading zeros. */
const EVENT_ID = /^([\w-]+)\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})$/

/**
 * The events of one session, so that a client that lost its connection can resume (MCP 2025-11-25, resumability). Event
 * ids are `<salt>.<stream>.<sequence>`; the salt is the session's own, so an id of another session finds nothing (T20).
 */
export class EventLog implements StreamLog {
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
