import type { FastifyReply } from 'fastify'
import { responseMessage, responseText, sseMessage, toJsonRpcError, type JsonRpcId, type Reply } from '../../src/protocol/index.ts'
import type { Exchange } from '../../src/session/index.ts'
import type { ChurnList } from '../../src/shared/churn-list.ts'
import type { Clock } from '../../src/shared/clock.ts'
import type { Delayed } from '../../src/shared/delay-line.ts'
import type { GatewayError } from '../../src/shared/errors.ts'
import type { Principal } from '../../src/shared/principal.ts'
import { expireStream } from './expire-stream.ts'
import { jsonWait } from './json-wait.ts'
import type { ResponseWriter } from './response-writer.ts'
import { sendRefusal } from './send-refusal.ts'
import { sendText } from './send-text.ts'
import { startSse } from './start-sse.ts'
import { waitingOn } from './when-closed.ts'

/** A subscription lasts as long as its stream, and its stream no longer than the token that opened it (T10). */
export interface Lasting {
  readonly principal: Principal
  readonly clock: Clock
}

/**
 * The answer of one modern POST: JSON if it is ready soon and nothing came before it, otherwise an SSE stream that belongs
 * to this request, holds no event ids and ends with the reply (MCP 2026-07-28 transports). A client that goes, or does not
 * read, has cancelled (FR40, FR41): nothing can be resumed.
 */
export class ModernExchange implements Exchange, Delayed {
  dueMs = 0
  ahead: Delayed | undefined
  behind: Delayed | undefined
  readonly #reply: FastifyReply
  readonly #lasting: Lasting | undefined
  /** What waits for the end of this connection; the exchange is on it until it is over. */
  readonly #connection: ChurnList<() => void>
  readonly #leave = (): void => { this.#left() }
  #writer: ResponseWriter | undefined
  #keep: (() => void) | undefined
  /** Answered, or nobody is left to be answered. */
  #over = false
  /** The client has gone before its answer. */
  #gone = false
  #cancel: (() => void) | undefined

  constructor (reply: FastifyReply, lasting: Lasting | undefined) {
    this.#reply = reply
    this.#lasting = lasting
    this.#connection = waitingOn(reply.request.raw.socket)
    this.#connection.add(this.#leave)
    jsonWait.add(this)
  }

  /** What is called when the client goes before its answer; at once when it has gone already. */
  cancelWith (cancel: () => void): void {
    if (this.#gone) cancel()
    else if (!this.#over) this.#cancel = cancel
  }

  overdue (): void { this.openStream() }

  emit (text: string): void {
    if (this.openStream()?.write(sseMessage(text)) === false) this.#left()
  }

  finish (id: JsonRpcId, reply: Reply): void {
    if (this.#over) return
    const text = responseMessage(id, reply)
    this.#end()
    if (this.#writer !== undefined) return this.#endStream(String(text))
    if (this.#reply.sent) return
    sendText(this.#reply.code(statusOf(reply)), text)
  }

  drop (): void {
    if (this.#over) return
    this.#end()
    if (this.#writer !== undefined) this.#writer.end()
    else if (!this.#reply.sent) this.#reply.code(202).send()
  }

  refuse (error: GatewayError, id: JsonRpcId | null): void {
    if (this.#over) return
    this.#end()
    if (this.#writer !== undefined) this.#endStream(responseText(id, { error: toJsonRpcError(error) }))
    else if (!this.#reply.sent) sendRefusal(this.#reply, error, id)
  }

  /** From now on everything goes over a stream. Undefined: it is over, or the answer was given by somebody else, as an error. */
  openStream (): ResponseWriter | undefined {
    if (this.#over) return undefined
    if (this.#writer !== undefined) return this.#writer
    jsonWait.remove(this)
    if (this.#reply.sent) return undefined
    const writer = startSse(this.#reply)
    this.#writer = writer
    writer.onRevoked = () => { this.#expired() }
    if (this.#lasting !== undefined) this.#keep = expireStream(this.#lasting.principal, { end: () => { this.#expired() } }, this.#lasting.clock)
    return writer
  }

  #endStream (text: string): void {
    if (this.#writer?.write(sseMessage(text)) === true) this.#writer.end()
  }

  #expired (): void {
    this.#left()
    this.#writer?.end()
  }

  /** Nobody reads the answer any more: whatever is being done for it is cancelled. */
  #left (): void {
    if (this.#over) return
    this.#gone = true
    this.#end()
    this.#cancel?.()
  }

  #end (): void {
    this.#over = true
    jsonWait.remove(this)
    this.#connection.delete(this.#leave)
    this.#keep?.()
  }
}

/** Errors about the request itself have an HTTP status (MCP 2026-07-28 transports); what a method answers is part of a 200. */
const STATUS_BY_CODE: ReadonlyMap<number, number> = new Map([[-32700, 400], [-32600, 400], [-32020, 400], [-32021, 400], [-32022, 400], [-32601, 404]])

function statusOf ({ error }: Reply): number {
  return error === undefined ? 200 : STATUS_BY_CODE.get(error.code) ?? 200
}
