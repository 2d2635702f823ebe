import { isJsonObject, META, notificationText, requestText, withoutHopMeta, type JsonObject } from '../protocol/index.ts'
import type { Hop } from './speech.ts'
import type { UpstreamSubscription } from './types.ts'

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

interface Listen { readonly subscription: UpstreamSubscription, acknowledged: boolean }

/**
 * The open subscriptions/listen requests of one connection. All of them share the wire; the request's own id, which is ours
 * and which the server repeats in every message about it, tells them apart (MCP 2026-07-28 subscriptions).
 */
export class Listens {
  readonly #hop: Hop
  readonly #open = new Map<number, Listen>()

  constructor (hop: Hop) {
    this.#hop = hop
  }

  /** @param params of subscriptions/listen as they are sent */
  open (subscription: UpstreamSubscription, params: JsonObject): { close (): void } {
    const id = this.#hop.mintId()
    this.#open.set(id, { subscription, acknowledged: false })
    const outcome = this.#hop.send(requestText(id, 'subscriptions/listen', params))
    // Not before the caller has its handle.
    if (outcome !== 'sent') queueMicrotask(() => { this.ended(id) })
    return { close: () => this.#close(id) }
  }

  #close (id: number): void {
    if (!this.#open.delete(id)) return
    this.#hop.giveUp(id)
    this.#hop.send(notificationText('notifications/cancelled', { requestId: id }))
  }

  /** The server is done with it, by its final result, a refusal or a cancellation. False: no such subscription. */
  ended (id: unknown): boolean {
    const listen = this.#open.get(id as number)
    if (listen === undefined) return false
    this.#open.delete(id as number)
    this.#tell(() => listen.subscription.onEnd())
    return true
  }

  /** True: the notification named a subscription, open or not, and was dealt with. */
  receive (method: string, params: JsonObject | undefined, isGivenUp: (id: unknown) => boolean): boolean {
    const meta = params?.['_meta']
    const id = isJsonObject(meta) ? meta[META.subscriptionId] : undefined
    if (params === undefined || id === undefined) return false
    const listen = this.#open.get(id as number)
    if (listen === undefined) {
      // What was under way when it was closed is nobody's fault; anything else is forged (T39).
      if (!isGivenUp(id)) this.#hop.fault('unknown_id')
    } else if (method === ACKNOWLEDGED) this.#acknowledge(listen, params)
    else if (listen.acknowledged) listen.subscription.onNotification(method, withoutHopMeta(params))
    else this.#hop.fault('malformed_message')
    return true
  }

  #acknowledge (listen: Listen, params: JsonObject): void {
    const { notifications } = params
    if (listen.acknowledged || !isJsonObject(notifications)) return this.#hop.fault('malformed_message')
    listen.acknowledged = true
    listen.subscription.onAcknowledged(notifications)
  }

  /** The connection is gone. */
  end (): void {
    for (const id of [...this.#open.keys()]) this.ended(id)
  }

  /** One listener's trouble must not keep the others from hearing. */
  #tell (say: () => void): void {
    try {
      say()
    } catch (thrown) {
      this.#hop.thrown(thrown)
    }
  }
}
