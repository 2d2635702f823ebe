import type { FastifyReply } from 'fastify'
import type { JsonRpcId, Reply } from '../../src/protocol/index.ts'
import type { Session } from '../../src/session/index.ts'
import type { GatewayError } from '../../src/shared/errors.ts'
import { PostExchange } from './post-exchange.ts'

/**
 * The answer of initialize. A session begins with its result (MCP 2025-11-25 transports, session management): an error
 * carries no session id, and nothing is left that would count against the user (T55).
 */
export class OpeningExchange extends PostExchange {
  readonly #reply: FastifyReply
  readonly #close: () => void
  protected override readonly hasHeaders = true

  constructor (reply: FastifyReply, session: Session, close: () => void) {
    super(reply, session, 1, false)
    this.#reply = reply
    this.#close = close
    reply.header('mcp-session-id', session.id)
  }

  override finish (id: JsonRpcId, reply: Reply): void {
    if (reply.error === undefined) return super.finish(id, reply)
    this.#reply.removeHeader('mcp-session-id')
    super.finish(id, reply)
    this.#close()
  }

  override refuse (error: GatewayError, id: JsonRpcId | null): void {
    this.#reply.removeHeader('mcp-session-id')
    super.refuse(error, id)
    this.#close()
  }
}
