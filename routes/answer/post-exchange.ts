import type { FastifyReply } from 'fastify'
import { responseMessage, responseText, toJsonRpcError, type JsonRpcId, type JsonText, type Reply } from '../../src/protocol/index.ts'
import type { EventStream, Exchange, Session } from '../../src/session/index.ts'
import type { Delayed } from '../../src/shared/delay-line.ts'
import type { GatewayError } from '../../src/shared/errors.ts'
import { jsonWait } from './json-wait.ts'
import { sendRefusal } from './send-refusal.ts'
import { sendText } from './send-text.ts'
import { startSse } from './start-sse.ts'
import { whenClosed } from './when-closed.ts'

/**
 * The answer of one Streamable HTTP POST: JSON if everything is ready soon and nothing came before it, a resumable SSE
 * stream otherwise (MCP 2025-11-25, sending messages to the server; rulings 4).
 */
export class PostExchange implements Exchange, Delayed {
  dueMs = 0
  ahead: Delayed | undefined
  behind: Delayed | undefined
  readonly #reply: FastifyReply
  readonly #session: Session
  /** Requests still without an answer; more than one in a 2025-03-26 batch. */
  #owed: number
  readonly #batch: boolean
  readonly #texts: JsonText[] = []
  #stream: EventStream | undefined
  /** The answer carries headers that were set on the reply. */
  protected readonly hasHeaders: boolean = false

  constructor (reply: FastifyReply, session: Session, requests: number, batch: boolean) {
    this.#reply = reply
    this.#session = session
    this.#owed = requests
    this.#batch = batch
    jsonWait.add(this)
  }

  overdue (): void { this.openStream() }

  emit (text: string): void {
    if (this.#owed === 0) this.#session.send(text)
    else this.openStream()?.send(text)
  }

  finish (id: JsonRpcId, reply: Reply): void {
    this.#answered(responseMessage(id, reply))
  }

  drop (): void {
    this.#answered(undefined)
  }

  refuse (error: GatewayError, id: JsonRpcId | null): void {
    if (this.#batch || this.#stream !== undefined) return this.#answered(responseText(id, { error: toJsonRpcError(error) }))
    if (this.#owed === 0) return
    this.#owed = 0
    jsonWait.remove(this)
    if (!this.#reply.sent) sendRefusal(this.#reply, error, id)
  }

  #answered (text: JsonText | undefined): void {
    if (this.#owed === 0) return
    this.#owed--
    if (this.#stream !== undefined) {
      if (text !== undefined) this.#stream.send(String(text))
      if (this.#owed === 0) this.#stream.end()
      return
    }
    if (text !== undefined) this.#texts.push(text)
    if (this.#owed === 0) this.#sendJson()
  }

  #sendJson (): void {
    jsonWait.remove(this)
    if (this.#reply.sent) return
    const [only] = this.#texts
    // Nothing to say: every request was cancelled by its client.
    if (only === undefined) this.#reply.code(202).send()
    else sendText(this.#reply, this.#batch ? `[${this.#texts.join(',')}]` : only, this.hasHeaders)
  }

  /** From now on everything goes over a stream of the session's log. Undefined: the answer was given by somebody else, as an error. */
  openStream (): EventStream | undefined {
    if (this.#stream !== undefined) return this.#stream
    jsonWait.remove(this)
    if (this.#reply.sent) return undefined
    const stream = this.#session.log.open()
    this.#stream = stream
    stream.onLost = () => this.#session.disconnected(this)
    const writer = startSse(this.#reply)
    stream.attach(writer, 0)
    for (const text of this.#texts.splice(0)) stream.send(String(text))
    whenClosed(this.#reply, () => stream.detach(writer))
    return stream
  }
}
