import { randomInt } from 'node:crypto'
import { isJsonObject, META, requestText, withModernMeta, withoutHopMeta, type JsonObject } from '../../protocol/index.ts'
import type { UpstreamSubscription } from '../types.ts'
import { Exchange, type ExchangeListener } from './exchange.ts'
import type { HttpConnectionOptions } from './http-connection.ts'
import { modernBase, modernHead } from './modern-head.ts'

const ID_RANGE = 2 ** 47
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

/** One `subscriptions/listen`: a POST whose stream lasts as long as the subscription (MCP 2026-07-28 subscriptions). */
export class ModernListen implements ExchangeListener {
  readonly #options: HttpConnectionOptions
  readonly #subscription: UpstreamSubscription
  readonly #onOver: () => void
  /** Also the subscription's id. */
  readonly #id = randomInt(ID_RANGE)
  readonly #exchange = new Exchange(this, { maxStreamBytes: Infinity })
  /** Runs until the server has acknowledged. */
  #timer: NodeJS.Timeout | undefined
  #isAcknowledged = false
  #isOver = false

  /** @param onOver it ended, in whatever way */
  constructor (options: HttpConnectionOptions, subscription: UpstreamSubscription, onOver: () => void) {
    this.#options = options
    this.#subscription = subscription
    this.#onOver = onOver
  }

  start (): void {
    const { hop } = this.#options
    const method = 'subscriptions/listen'
    const params = withModernMeta({ notifications: this.#subscription.notifications }, { capabilities: {}, clientInfo: hop.clientInfo })
    this.#timer = setTimeout(() => this.end(), hop.server.timeoutMs)
    this.#exchange.send(hop.outbound, modernHead(modernBase(hop), method, params, undefined), requestText(this.#id, method, params))
  }

  /** The subscriber wants no more. */
  close (): void {
    if (this.#finish()) this.#exchange.abort()
  }

  /** There will be no more. */
  end (): void {
    if (!this.#finish()) return
    this.#exchange.abort()
    this.#guarded(() => this.#subscription.onEnd())
  }

  #finish (): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#onOver()
    return true
  }

  onSent (): void {}

  onMessage (message: JsonObject): void {
    if (this.#isOver) return
    const { id, method } = message
    const params = isJsonObject(message['params']) ? message['params'] : undefined
    if (method === undefined) {
      if (id === this.#id) this.end()
      else this.#options.onFault('unknown_id')
    } else if (typeof method !== 'string' || id !== undefined || !this.#isOwn(params)) this.#options.onFault('malformed_message')
    else this.#guarded(() => this.#notify(method, params))
  }

  /** Also while the request is being made, when it cannot be: not before the subscriber has its handle. */
  onEnd (): void { queueMicrotask(() => this.end()) }

  /** The stream is the subscription's own; an id of another one on it is a lie. */
  #isOwn (params: JsonObject | undefined): boolean {
    const meta = params?.['_meta']
    const id = isJsonObject(meta) ? meta[META.subscriptionId] : undefined
    return id === undefined || id === this.#id || id === String(this.#id)
  }

  #notify (method: string, params: JsonObject | undefined): void {
    if (method === ACKNOWLEDGED) this.#acknowledge(params?.['notifications'])
    // What comes before is about nothing that was agreed on.
    else if (this.#isAcknowledged) this.#subscription.onNotification(method, withoutHopMeta(params))
  }

  #acknowledge (honoured: unknown): void {
    if (this.#isAcknowledged) return
    this.#isAcknowledged = true
    clearTimeout(this.#timer)
    this.#subscription.onAcknowledged(isJsonObject(honoured) ? honoured : {})
  }

  #guarded (tell: () => void): void {
    try {
      tell()
    } catch (thrown) {
      this.#options.onThrown(thrown)
    }
  }
}
