import { responseText, toJsonRpcError, type JsonRpcId, type Reply } from '../../src/protocol/index.ts'
import type { Exchange, Session } from '../../src/session/index.ts'
import type { GatewayError } from '../../src/shared/errors.ts'

/** The answer of a message POSTed to an HTTP+SSE session: everything goes over its one stream (MCP 2024-11-05). */
export class SseExchange implements Exchange {
  readonly #session: Session

  constructor (session: Session) {
    this.#session = session
  }

  emit (text: string): void { this.#session.send(text) }
  finish (id: JsonRpcId, reply: Reply): void { this.#session.send(responseText(id, reply)) }
  drop (): void {}
  refuse (error: GatewayError, id: JsonRpcId | null): void { this.#session.send(responseText(id, { error: toJsonRpcError(error) })) }
}
