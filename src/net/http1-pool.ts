import { ChurnList } from '../shared/churn-list.ts'
import { systemClock } from '../shared/clock.ts'
import { ConnectionError } from './connection-error.ts'
import type { Dial } from './dial.ts'
import { Http1Connection, type ConnectionOwner } from './http1-connection.ts'
import type { OutboundError } from './outbound-error.ts'
import { PooledSending, type SendingHolder } from './pooled-sending.ts'
import type { RequestHead } from './request-head.ts'
import type { AnswerListener, Sending } from './types.ts'

/** How often idle connections are looked for whose time has passed; one that is to be used is looked at anyway. */
const SWEEP_MS = 500

export interface Http1PoolOptions {
  readonly dial: Dial
  readonly maxConnections: number
  /** Age at which a connection is closed as soon as no request uses it. */
  readonly maxAgeMs: number
}

/** The connections of one {@link Outbound}. Never shared with another: what one caller's answer leaves behind is nobody else's (T49). */
export class Http1Pool implements ConnectionOwner, SendingHolder {
  readonly #options: Http1PoolOptions
  /** Those that are being made included. */
  readonly #all = new ChurnList<Http1Connection>()
  /** The one used last is used next, so that the others can go. */
  readonly #idle: Http1Connection[] = []
  readonly #waiting: PooledSending[] = []
  #connecting = 0
  #sweep: NodeJS.Timeout | undefined
  #isDestroyed = false

  constructor (options: Http1PoolOptions) {
    this.#options = options
  }

  send (head: RequestHead, body: string | Buffer | undefined, listener: AnswerListener): Sending {
    const sending = new PooledSending(this, head, body, listener)
    if (this.#isDestroyed) sending.lose(destroyed())
    else {
      const connection = this.#takeIdle()
      if (connection !== undefined) connection.start(sending)
      else {
        this.#waiting.push(sending)
        this.#connect()
      }
    }
    return sending
  }

  withdraw (sending: PooledSending): void {
    const at = this.#waiting.indexOf(sending)
    if (at !== -1) this.#waiting.splice(at, 1)
  }

  destroy (): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    for (const connection of this.#all) connection.destroy(destroyed())
    for (const sending of this.#waiting.splice(0)) sending.lose(destroyed())
  }

  onFailed (connection: Http1Connection, error: OutboundError): void {
    this.#connecting--
    this.#remove(connection)
    // Those for whom another connection is being made wait for that one.
    if (this.#waiting.length > this.#connecting) this.#waiting.shift()?.lose(error)
    this.#connect()
  }

  onFree (connection: Http1Connection): void {
    const nowMs = systemClock.nowMs()
    if (connection.bornMs === 0) {
      this.#connecting--
      connection.bornMs = nowMs
    }
    connection.idleUntilMs = Math.min(nowMs + connection.idleMs, connection.bornMs + this.#options.maxAgeMs)
    this.#offer(connection, nowMs)
  }

  onUnused (connection: Http1Connection): void {
    this.#offer(connection, systemClock.nowMs())
  }

  #offer (connection: Http1Connection, nowMs: number): void {
    if (connection.idleUntilMs <= nowMs) return connection.destroy(destroyed())
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else connection.start(next)
  }

  onGone (connection: Http1Connection): void {
    // One that was still being made.
    if (connection.bornMs === 0) this.#connecting--
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#remove(connection)
    this.#connect()
  }

  #takeIdle (): Http1Connection | undefined {
    const nowMs = systemClock.nowMs()
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || nowMs < connection.idleUntilMs) return connection
      connection.destroy(destroyed())
    }
  }

  #connect (): void {
    while (!this.#isDestroyed && this.#waiting.length > this.#connecting && this.#all.size < this.#options.maxConnections) {
      this.#connecting++
      this.#all.add(new Http1Connection(this, this.#options.dial))
      this.#sweep ??= setInterval(() => { this.#endIdle() }, SWEEP_MS).unref()
    }
  }

  #remove (connection: Http1Connection): void {
    this.#all.delete(connection)
    if (this.#all.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #endIdle (): void {
    const nowMs = systemClock.nowMs()
    for (const connection of this.#idle.filter(({ idleUntilMs }) => idleUntilMs <= nowMs)) connection.destroy(destroyed())
  }
}

function destroyed (): ConnectionError {
  return new ConnectionError('destroyed', 'the connections were closed')
}
