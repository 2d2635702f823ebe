import type { JsonObject } from '../protocol/index.ts'
import { legacyParams } from './legacy-params.ts'
import { ServerAsks, type AskId } from './server-asks.ts'
import type { Hop, Speech } from './speech.ts'
import type { ConnectionPeer, UpstreamCall } from './types.ts'

/** Handshake and session: 2024-11-05 to 2025-11-25. Both sides ask, both sides notify. */
export class LegacySpeech implements Speech {
  readonly era = 'legacy'
  readonly liveness = { method: 'ping', params: undefined }
  readonly #peer: ConnectionPeer | undefined
  readonly #asks: ServerAsks

  /** @param peer gets everything from here on; without one, questions but pings are refused and the rest is dropped */
  constructor (hop: Hop, peer?: ConnectionPeer) {
    this.#peer = peer
    this.#asks = new ServerAsks((text) => { hop.send(text) }, hop.thrown)
  }

  paramsOf (call: UpstreamCall, id: number): JsonObject | undefined {
    return legacyParams(call, id)
  }

  receiveRequest (id: AskId, method: string, params: JsonObject | undefined): void {
    this.#asks.receive(this.#peer, id, method, params)
  }

  receiveNotification (method: string, params: JsonObject | undefined): void {
    if (method === 'notifications/cancelled') this.#asks.withdraw(params?.['requestId'])
    else this.#peer?.onNotification(method, params)
  }

  receiveReply (): boolean {
    return false
  }

  drop (): void {
    this.#asks.end()
  }

  end (): void {
    this.#peer?.onEnd()
  }
}
