import type { JsonObject } from '../../protocol/index.ts'
import { eventIdShape } from './call-resume.ts'
import { Exchange, type ExchangeEnd, type ExchangeListener } from './exchange.ts'
import type { Hop } from './hop.ts'
import type { LegacySession } from './legacy-session.ts'
import { reconnectDelayMs } from './reconnect-delay.ts'
import { isTrouble } from './refusal-reply.ts'

/** What the stream of a session needs of its connection. */
export interface SessionStreamOwner {
  /** A message that belongs to no call. Must not throw. */
  onMessage (message: JsonObject): void
  /** The server does not know the session any more. */
  onExpired (session: LegacySession): void
  /** It sent what no stream may hold. */
  onBreach (): void
}

/**
 * The GET stream on which a legacy server says what belongs to no call. Servers need not have one (405). It is taken up
 * again where it ended, for as long as the session lasts: soon when it brought something, ever later when it did not.
 */
export class SessionStream implements ExchangeListener {
  readonly #hop: Hop
  readonly #session: LegacySession
  readonly #owner: SessionStreamOwner
  #exchange: Exchange | undefined
  #timer: NodeJS.Timeout | undefined
  #lastEventId: string | undefined
  #retryMs: number | undefined
  #fruitless = 0
  #hasMessages = false
  #stopped = false

  constructor (hop: Hop, session: LegacySession, owner: SessionStreamOwner) {
    this.#hop = hop
    this.#session = session
    this.#owner = owner
  }

  start (): void {
    if (this.#stopped) return
    const { stream } = this.#session
    const exchange = new Exchange(this, { maxStreamBytes: Infinity, streamOnly: true })
    this.#exchange = exchange
    this.#hasMessages = false
    exchange.send(this.#hop.outbound, this.#lastEventId === undefined ? stream : stream.with(['last-event-id', this.#lastEventId]))
  }

  stop (): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#exchange?.abort()
  }

  onSent (): void {}

  onMessage (message: JsonObject): void {
    this.#hasMessages = true
    this.#owner.onMessage(message)
  }

  onEnd (end: ExchangeEnd): void {
    if (this.#stopped) return
    if (end.kind === 'refused' && !isTrouble(end.status)) {
      // Everything else than an expired session means that there is no such stream, which is fine.
      this.#stopped = true
      if (end.status === 404 && this.#session.id !== undefined) this.#owner.onExpired(this.#session)
      return
    }
    if (end.kind === 'breach') {
      this.#owner.onBreach()
      // A success of another kind is no stream, and will be none the next time.
      if (this.#exchange?.isStream !== true) return this.stop()
    }
    this.#again(end.kind === 'breach')
  }

  #again (isPoisoned: boolean): void {
    const newest = this.#exchange?.lastEventId
    const isFresh = newest !== undefined && eventIdShape.test(newest) && newest !== this.#lastEventId
    // What broke the rules once would come again after the same id.
    if (isPoisoned) this.#lastEventId = undefined
    else if (isFresh) this.#lastEventId = newest
    this.#retryMs = this.#exchange?.retryMs ?? this.#retryMs
    this.#fruitless = !isPoisoned && (isFresh || this.#hasMessages) ? 0 : this.#fruitless + 1
    this.#timer = setTimeout(() => this.start(), reconnectDelayMs(this.#retryMs, this.#fruitless)).unref()
  }
}
