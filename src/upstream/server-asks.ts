import { errorReply, responseText, type JsonObject, type Reply } from '../protocol/index.ts'
import type { ConnectionPeer } from './types.ts'

/** Questions of one server that are open at once, at most; more are refused, so that a server cannot fill the memory (T39). */
const MAX_OPEN = 100

/** An id as servers choose it for their own requests. */
export type AskId = string | number

/** What a server has asked and is owed an answer for. */
export class ServerAsks {
  readonly #send: (text: string) => void
  readonly #onThrown: (thrown: unknown) => void
  readonly #open = new Map<AskId, AbortController>()

  /** @param send writes one message to the server; nothing when it is gone */
  constructor (send: (text: string) => void, onThrown: (thrown: unknown) => void) {
    this.#send = send
    this.#onThrown = onThrown
  }

  /** Answers exactly once, unless the server withdraws the question or reuses its id meanwhile. */
  receive (peer: ConnectionPeer | undefined, id: AskId, method: string, params: JsonObject | undefined): void {
    if (method === 'ping') return this.#send(responseText(id, { result: {} }))
    if (peer === undefined || this.#open.size >= MAX_OPEN) return this.#send(responseText(id, errorReply('GW_UPSTREAM_ASK_REFUSED')))
    this.#open.get(id)?.abort()
    const controller = new AbortController()
    this.#open.set(id, controller)
    this.#answerLater(peer.onRequest(method, params, controller.signal), id, controller).catch(this.#onThrown)
  }

  async #answerLater (asked: Promise<Reply>, id: AskId, controller: AbortController): Promise<void> {
    const reply = await asked.catch((thrown: unknown) => {
      this.#onThrown(thrown)
      return errorReply('GW_INTERNAL')
    })
    if (this.#open.get(id) === controller) this.#open.delete(id)
    // A request that the server cancelled gets no answer (MCP cancellation).
    if (!controller.signal.aborted) this.#send(responseText(id, reply))
  }

  /** The server withdraws a question. */
  withdraw (id: unknown): void {
    this.#open.get(id as AskId)?.abort()
  }

  /** The server is gone. */
  end (): void {
    for (const controller of this.#open.values()) controller.abort()
    this.#open.clear()
  }
}
