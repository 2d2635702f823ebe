import { sseMessage, ssePriming } from '../protocol/index.ts'

/** What a route hands over to be written to: one open SSE response. */
export interface StreamWriter {
  /** Writes one frame. False: nobody reads it, because the reader is gone or too slow and was cut; the stream lives on in the log (FR40). */
  write (frame: string): boolean
  /** Ends the response cleanly. */
  end (): void
}

/** `retry:` of every priming event (SEP-1699): how long a client waits before it comes back. */
const RETRY_MS = 1000

/** What a stream needs of the log that it is in. */
export interface StreamLog {
  /** Does a stream begin with an id to resume from? */
  readonly primes: boolean
  idOf (stream: number, sequence: number): string
  append (stream: EventStream, sequence: number, text: string): void
  /** What is kept of the stream beyond that sequence, oldest first. */
  after (stream: EventStream, sequence: number): Iterable<{ readonly sequence: number, readonly text: string }>
  forgetIfOver (stream: EventStream): void
}

/** One SSE stream of a session: the standalone one, or the one of a POST. Survives its connection. */
export class EventStream {
  readonly number: number
  readonly #log: StreamLog
  #writer: StreamWriter | undefined
  /** Highest sequence handed out; 0 is the priming event. */
  lastSequence = 0
  #sentSequence = 0
  /** Events of this stream in the log. */
  kept = 0
  ended = false
  /** Called when the connection of this stream is lost before its end, and no other one has taken its place. */
  onLost: (() => void) | undefined

  constructor (log: StreamLog, number: number) {
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
