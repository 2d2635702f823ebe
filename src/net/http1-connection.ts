import type { Socket } from 'node:net'
import type { AnswerHead } from './answer-head.ts'
import { AnswerReader, type AnswerParts } from './answer-reader.ts'
import { ConnectionError } from './connection-error.ts'
import type { Dial } from './dial.ts'
import { idleMs } from './keep-alive.ts'
import type { OutboundError } from './outbound-error.ts'
import type { PooledSending, SendingHolder } from './pooled-sending.ts'
import { ReadRoom } from './read-room.ts'
import { turnEnd, type AtTurnEnd } from '../shared/turn-end.ts'
import { writeRequest } from './write-request.ts'

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  onFailed (connection: Http1Connection, error: OutboundError): void
  /** It stands, or has answered, and has no request. */
  onFree (connection: Http1Connection): void
  /** Its request was taken back before it had begun to leave: the server has seen nothing, and waits no longer for that. */
  onUnused (connection: Http1Connection): void
  /** It stood, and is of no more use. */
  onGone (connection: Http1Connection): void
}

/** One connection: one request after the other (RFC 9112 9.3), and the end of it at the first sign that sender and reader may disagree (T49). */
export class Http1Connection implements AnswerParts, AtTurnEnd, SendingHolder {
  readonly #owner: ConnectionOwner
  readonly #room = new ReadRoom((bytes, length) => { this.#read(bytes, length) })
  readonly #socket: Socket | undefined
  #isGone = false
  #sending: PooledSending | undefined
  /** Has the request that is here begun to leave? Beside others not before its turn has ended. */
  #isWritten = false
  #isUnanswered = false
  readonly #reader = new AnswerReader(this)
  #error: Error | undefined
  #keepAlive: string | undefined
  /** How long it may be idle. */
  idleMs = idleMs(undefined)
  /** When it stood, and until when it may be used again while nothing uses it; the owner's, in its own milliseconds. */
  bornMs = 0
  idleUntilMs = 0

  constructor (owner: ConnectionOwner, dial: Dial) {
    this.#owner = owner
    this.#socket = dial(this.#room.onread, {
      onStanding: () => { this.#stand() },
      onFailed: (error) => { if (!this.#isGone) owner.onFailed(this, error) }
    })
  }

  #stand (): void {
    this.#socket
      ?.on('error', (error) => { this.#error = error })
      .on('end', () => { this.#ended() })
      .on('close', () => { this.#lose(lost(this.#error)) })
    this.#owner.onFree(this)
  }

  /** Only when it is free. */
  start (sending: PooledSending): void {
    if (this.#socket === undefined) return
    sending.holder = this
    this.#sending = sending
    this.#isWritten = false
    this.#isUnanswered = true
    this.#reader.begin()
    if (turnEnd.unanswered++ === 0) this.turnEnded()
    else turnEnd.addRequest(this)
  }

  turnEnded (): void {
    const sending = this.#sending
    // It was taken back, and perhaps another one came for it.
    if (sending === undefined || this.#isWritten || this.#socket === undefined) return
    this.#isWritten = true
    try {
      sending.listener.onSent()
      if (this.#sending === sending) writeRequest(this.#socket, sending.head, sending.body)
    } catch (thrown) {
      // Of a listener. Others' requests are written.
      this.#lose(new ConnectionError('destroyed', 'the request could not be written', thrown))
    }
  }

  /** Closes it; a request on it is told. */
  destroy (error: Error): void { this.#lose(error) }

  withdraw (): void {
    this.#sending = undefined
    this.#answered()
    if (this.#isWritten) this.#leave()
    else this.#owner.onUnused(this)
  }

  onHead (head: AnswerHead): void {
    this.#answered()
    this.#sending?.listener.onHead(head)
  }

  onData (piece: Buffer): void { this.#sending?.listener.onData(piece) }

  #read (bytes: Buffer, length: number): void {
    const sending = this.#sending
    // Nobody asked: what it is cannot be known, and whatever came next would be taken for its end.
    if (sending === undefined || !this.#isWritten) return this.#lose(new ConnectionError('lost', 'something came before it was asked for'))
    try {
      const at = this.#reader.push(bytes, length)
      if (typeof at !== 'number') this.#lose(new ConnectionError('malformed', `malformed answer: ${at.malformed}`))
      else if (this.#sending === sending && this.#reader.isDone) this.#finish(sending, at === length)
    } catch (thrown) {
      // Of a listener. Others' connections go on.
      this.#lose(new ConnectionError('destroyed', 'the answer could not be taken', thrown))
    }
  }

  /** @param isClean nothing followed the answer */
  #finish (sending: PooledSending, isClean: boolean): void {
    const { head } = this.#reader
    this.#sending = undefined
    this.#heed(head?.get('keep-alive'))
    // A server that answers before it has read the request may never read the rest of it.
    if (isClean && head?.isKept === true && this.#socket?.writableLength === 0) this.#owner.onFree(this)
    else this.#leave()
    sending.end()
  }

  /** Most servers say the same each time. */
  #heed (keepAlive: string | undefined): void {
    if (keepAlive === this.#keepAlive) return
    this.#keepAlive = keepAlive
    this.idleMs = idleMs(keepAlive)
  }

  #ended (): void {
    if (this.#sending !== undefined && this.#reader.endsWithConnection) this.#finish(this.#sending, false)
    else this.#lose(lost(this.#error))
  }

  #lose (error: Error): void {
    const sending = this.#sending
    this.#sending = undefined
    this.#answered()
    this.#leave()
    sending?.lose(error)
  }

  /** Or never to be. */
  #answered (): void {
    if (!this.#isUnanswered) return
    this.#isUnanswered = false
    turnEnd.unanswered--
  }

  #leave (): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#socket?.destroy()
    this.#owner.onGone(this)
  }
}

function lost (cause: Error | undefined): ConnectionError {
  return new ConnectionError('lost', `the connection ended before the answer${cause === undefined ? '' : `: ${cause.message}`}`, cause)
}
