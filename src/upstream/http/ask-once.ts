import { randomInt } from 'node:crypto'
import { GatewayError } from '../../shared/errors.ts'
import { OutboundError, type RequestHead } from '../../net/index.ts'
import { requestText, type JsonObject, type Reply } from '../../protocol/index.ts'
import { CredentialError } from '../credentials/credential-error.ts'
import type { ServerHealth } from '../health/server-health.ts'
import { readReply } from '../read-reply.ts'
import { MAX_CALL_STREAM_BYTES } from './caps.ts'
import { Exchange, type ExchangeEnd, type ExchangeListener } from './exchange.ts'
import type { Hop } from './hop.ts'
import { isOutage, isOutageError, isOutageStatus, mayPass } from './outage.ts'
import { isTrouble, type Refusal } from './refusal-reply.ts'

/** Messages besides the reply that are kept; a server has little to say before it is connected. */
const MAX_OTHERS = 100
const ID_RANGE = 2 ** 47
/** Seconds after which a caller may try again. */
const RETRY_AFTER_S = 5

/** One request of the gateway's own, outside of any connection. */
export interface OneAsk {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly head: RequestHead
  readonly timeoutMs: number
  /** Ends it early; the answer is then `failed`. */
  readonly signal?: AbortSignal | undefined
}

/** What became of a request of the gateway's own. */
export type Answer =
  | { readonly kind: 'reply', readonly reply: Reply, readonly sessionId: string | undefined, readonly others: readonly JsonObject[] }
  /** 4xx that is neither about credentials nor about load: how servers refuse what they do not speak. */
  | Refusal
  /** 2xx with something else than a JSON-RPC message. */
  | { readonly kind: 'foreign', readonly reason: string }
  /** No evidence of anything, but of an outage perhaps: GW_UPSTREAM_AUTH, GW_UPSTREAM_UNAVAILABLE, GW_UPSTREAM_PROTOCOL (redirects), GW_CANCELLED. */
  | { readonly kind: 'failed', readonly error: GatewayError, readonly isOutage?: boolean }

/** One request beside the calls: discovery, handshake, and finding out whether the server still knows us. Never rejects. */
export async function askOnce (hop: Hop, ask: OneAsk): Promise<Answer> {
  const { answer, isWorthAnother } = await attempt(hop, ask)
  return isWorthAnother ? (await attempt(hop, ask)).answer : answer
}

interface Attempt {
  readonly answer: Answer
  /** Nothing was sent, so that another attempt would still be the first (FR11). */
  readonly isWorthAnother: boolean
}

async function attempt (hop: Hop, ask: OneAsk): Promise<Attempt> {
  return await new Promise((resolve) => {
    const waiting = new Waiting(ask, hop.health, resolve)
    waiting.exchange.send(hop.outbound, ask.head, requestText(waiting.id, ask.method, ask.params))
  })
}

class Waiting implements ExchangeListener {
  /** Unguessable, like those of calls (T39). */
  readonly id = randomInt(ID_RANGE)
  readonly exchange = new Exchange(this, { maxStreamBytes: MAX_CALL_STREAM_BYTES })
  readonly #health: ServerHealth | undefined
  readonly #ask: OneAsk
  readonly #resolve: (attempt: Attempt) => void
  readonly #timer: NodeJS.Timeout
  readonly #others: JsonObject[] = []
  #isSent = false

  constructor (ask: OneAsk, health: ServerHealth | undefined, resolve: (attempt: Attempt) => void) {
    this.#health = health
    this.#ask = ask
    this.#resolve = resolve
    this.#timer = setTimeout(this.#late, ask.timeoutMs)
    ask.signal?.addEventListener('abort', this.#abort, { once: true })
    if (ask.signal?.aborted === true) this.#abort()
  }

  readonly #late = (): void => {
    this.#health?.failed()
    this.#cut(unavailable('no answer in time', true))
  }

  readonly #abort = (): void => { this.#cut({ kind: 'failed', error: new GatewayError('GW_CANCELLED') }) }

  #cut (answer: Answer): void {
    this.exchange.abort()
    this.#end(answer)
  }

  #end (answer: Answer, isWorthAnother = false): void {
    clearTimeout(this.#timer)
    this.#ask.signal?.removeEventListener('abort', this.#abort)
    this.#resolve({ answer, isWorthAnother })
  }

  onSent (): void { this.#isSent = true }

  onMessage (message: JsonObject): void {
    const reply = message['method'] === undefined && message['id'] === this.id ? readReply(message) : undefined
    if (reply !== undefined) {
      this.#health?.succeeded()
      const { sessionId, isStream } = this.exchange
      if (isStream) this.exchange.abort()
      this.#end({ kind: 'reply', reply, sessionId, others: this.#others })
    } else if (message['method'] !== undefined && this.#others.length < MAX_OTHERS) this.#others.push(message)
  }

  onEnd (end: ExchangeEnd): void {
    if (isOutage(end)) this.#health?.failed()
    this.#end(answerOf(end), end.kind === 'lost' && !this.#isSent && mayPass(end.error))
  }
}

function answerOf (end: ExchangeEnd): Answer {
  switch (end.kind) {
    case 'complete': return { kind: 'foreign', reason: 'an answer without the reply' }
    case 'breach': return { kind: 'foreign', reason: end.reason }
    case 'lost': return lostAnswer(end.error)
    case 'refused': return refusedAnswer(end)
  }
}

function lostAnswer (error: Error): Answer {
  if (error instanceof CredentialError) return { kind: 'failed', error: new GatewayError(error.code, { reason: error.message, retryAfterS: RETRY_AFTER_S }, error) }
  return unavailable(error instanceof OutboundError ? error.reason : error.message, isOutageError(error), error)
}

function refusedAnswer (refusal: Refusal): Answer {
  const { status } = refusal
  if (status === 401 || status === 403) return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_AUTH', { reason: `status ${status}` }) }
  if (isTrouble(status)) return unavailable(`status ${status}`, isOutageStatus(status))
  if (status < 400) return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_PROTOCOL', { reason: `status ${status}: redirects are not followed` }) }
  return refusal
}

function unavailable (reason: string, isOutage: boolean, cause?: Error): Answer {
  return { kind: 'failed', isOutage, error: new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason, retryAfterS: RETRY_AFTER_S }, cause) }
}
