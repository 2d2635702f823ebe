import type { JsonObject } from '../../protocol/index.ts'
import { PendingCall, type CallOwner } from '../pending-call.ts'
import type { UpstreamCall } from '../types.ts'
import type { Exchange, ExchangeEnd, ExchangeListener } from './exchange.ts'
import type { LegacySession } from './legacy-session.ts'
import type { CallResume } from './call-resume.ts'

/** What an HTTP call needs of its connection. */
export interface HttpCallOwner extends CallOwner {
  received (call: HttpCall, message: JsonObject): void
  ended (call: HttpCall, end: ExchangeEnd): void
}

/** One call with the exchange that it is in. */
export class HttpCall extends PendingCall implements ExchangeListener {
  readonly #owner: HttpCallOwner
  /** The newest: a call may be sent a second time, or be resumed. */
  exchange: Exchange | undefined
  /** It was sent a second time because it had not left. */
  isResent = false
  /** How often it was sent again although it had left. */
  retries = 0
  /** Until it is sent again. */
  retryTimer: NodeJS.Timeout | undefined
  /** It was sent a second time to a new session. */
  isReplayed = false
  /** Legacy: the session it was sent in. */
  session: LegacySession | undefined
  /** Legacy: its stream broke off and is taken up again. */
  resumption: CallResume | undefined

  constructor (owner: HttpCallOwner, call: UpstreamCall, id: number) {
    super(owner, call, id)
    this.#owner = owner
  }

  onSent (): void { this.sent = true }
  onMessage (message: JsonObject): void { this.#owner.received(this, message) }
  onEnd (end: ExchangeEnd): void { this.#owner.ended(this, end) }
}
