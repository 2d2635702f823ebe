import { withModernMeta, type JsonObject } from '../protocol/index.ts'
import { Listens } from './listens.ts'
import { ServerAsks, type AskId } from './server-asks.ts'
import type { Hop, Speech } from './speech.ts'
import type { ConnectionPeer, UpstreamCall, UpstreamSubscription } from './types.ts'

/** Nothing may be asked: for requests that no client stands behind. */
const NO_CAPABILITIES: JsonObject = {}

/** What a conversation of the modern era needs of its connection. */
export interface ModernSpeechOptions {
  readonly hop: Hop
  readonly peer: ConnectionPeer
  readonly clientInfo: JsonObject
  /** Was this id given up a moment ago? */
  readonly isGivenUp: (id: unknown) => boolean
}

/** Each request stands alone: 2026-07-28 (MCP 2026-07-28 base protocol, stdio). Only we ask, and what changes is listened for. */
export class ModernSpeech implements Speech {
  readonly era = 'modern'
  readonly liveness
  readonly #options: ModernSpeechOptions
  readonly #asks: ServerAsks
  readonly #listens: Listens

  constructor (options: ModernSpeechOptions) {
    this.#options = options
    this.#asks = new ServerAsks((text) => { options.hop.send(text) }, options.hop.thrown)
    this.#listens = new Listens(options.hop)
    this.liveness = { method: 'server/discover', params: this.#withMeta(undefined) }
  }

  paramsOf (call: UpstreamCall, id: number): JsonObject {
    return withModernMeta(call.params, {
      capabilities: call.capabilities ?? NO_CAPABILITIES,
      clientInfo: this.#options.clientInfo,
      logLevel: call.logLevel,
      progressToken: call.onProgress === undefined ? undefined : id
    })
  }

  listen (subscription: UpstreamSubscription): { close (): void } {
    return this.#listens.open(subscription, this.#withMeta({ notifications: subscription.notifications }))
  }

  /** Modern servers ask by their result. One that asks like this waits for an answer all the same, so it gets its no (T39). */
  receiveRequest (id: AskId, method: string, params: JsonObject | undefined): void {
    this.#options.hop.fault('malformed_message')
    this.#asks.receive(undefined, id, method, params)
  }

  receiveNotification (method: string, params: JsonObject | undefined): void {
    // The specification names both this and the final result as the end of a listen; servers send either.
    if (method === 'notifications/cancelled') this.#listens.ended(params?.['requestId'])
    else if (!this.#listens.receive(method, params, this.#options.isGivenUp)) this.#options.peer.onNotification(method, params)
  }

  receiveReply (id: unknown): boolean {
    return this.#listens.ended(id)
  }

  drop (): void {
    this.#listens.end()
  }

  end (): void {
    this.#options.peer.onEnd()
  }

  #withMeta (params: JsonObject | undefined): JsonObject {
    return withModernMeta(params, { capabilities: NO_CAPABILITIES, clientInfo: this.#options.clientInfo })
  }
}
