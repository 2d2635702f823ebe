import { errorReply, isAtLeast, isJsonObject, MODERN_REVISIONS, notificationText, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { AskOptions, CancellableCall, Client, Exchange, SessionRoute } from '../session/index.ts'
import type { GatewayError } from '../shared/errors.ts'
import type { Principal } from '../shared/principal.ts'
import { requiredCapabilities } from './answers.ts'
import { clientUnderstands } from './client-capabilities.ts'
import { isInputRequired, questionsIn, type Question } from './input-required.ts'
import type { Parks } from './parks.ts'
import type { StateSubject } from './request-states.ts'

/** Error of 2025-11-25: the user has to open pages before the request can run. */
const URL_ELICITATION_REQUIRED = -32042
const PAGE: JsonObject = { mode: 'url' }
/** Questions that come within this time are put to the client together. */
const COALESCE_MS = 30
/** Rounds of one call at most. */
const MAX_ROUNDS = 10
/** Questions of one call that are open at once. */
const MAX_ASKS = 32

/** One request of the client: the first one, or a retry that brought answers. */
export interface Round {
  readonly exchange: Exchange
  readonly id: JsonRpcId
  /** As `bridgedCapabilities` made them of this request's own declaration. */
  readonly capabilities: JsonObject
  readonly logLevel: string | undefined
  readonly progressToken: string | number | undefined
}

interface Ask { readonly key: string, readonly method: string, readonly params: JsonObject | undefined, settle (reply: Reply | undefined): void }

/**
 * One request of the modern era and the retries that continue it, as a client for bridges. Nothing outlives it: when a
 * session-era server asks something meanwhile, the request is answered `input_required`, and the call waits in {@link Parks}
 * until a retry brings the answers (MCP 2026-07-28 multi round-trip requests).
 */
export class ModernClient implements Client, Exchange {
  readonly era = 'modern'
  readonly revision = MODERN_REVISIONS[0] as string
  readonly hasReader = false
  readonly subject: StateSubject
  readonly #parks: Parks
  #round: Round | undefined
  #capabilities: JsonObject
  #asks: Ask[] = []
  #asked = 0
  #timer: NodeJS.Timeout | undefined
  #call: CancellableCall | undefined
  #onLevel: ((level: string) => void) | undefined
  /** Progress that came while nobody listened: the newest is enough. */
  #missed: JsonObject | undefined
  /** The answer that came while nobody listened. */
  #outcome: Reply | undefined
  /** Number of times the client has been sent away with a question. */
  round = 0
  closed = false

  constructor (subject: StateSubject, round: Round, parks: Parks) {
    this.subject = subject
    this.#round = round
    this.#capabilities = round.capabilities
    this.#parks = parks
  }

  get principal (): Principal { return this.subject.principal }
  get route (): SessionRoute { return this.subject.route }
  get capabilities (): JsonObject { return this.#capabilities }
  get isAway (): boolean { return this.#round === undefined && !this.closed }
  get logLevel (): string | undefined { return this.#round?.logLevel }

  /** Without a level, none is wanted (MCP 2026-07-28 logging). */
  wantsLog (level: unknown): boolean {
    const wanted = this.#round?.logLevel
    return wanted !== undefined && isAtLeast(level, wanted)
  }

  progressToken (token: string | number): string | number | undefined {
    return this.#round === undefined ? token : this.#round.progressToken
  }

  /** There is no stream of the client's own. */
  notify (): void {}

  notifyOn (exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void {
    if (exchange === undefined || this.closed) return
    if (this.#round !== undefined) this.#round.exchange.emit(notificationText(method, params))
    else if (method === 'notifications/progress') this.#missed = params
  }

  onLevel (listener: (level: string) => void): void {
    this.#onLevel = listener
    this.#tellLevel()
  }

  #tellLevel (): void {
    if (this.logLevel !== undefined) this.#onLevel?.(this.logLevel)
  }

  callBegan (call: CancellableCall): void { this.#call = call }
  callEnded (): void { this.#call = undefined }

  // ---- the answer channel ----

  emit (text: string): void { this.#round?.exchange.emit(text) }

  finish (_id: JsonRpcId, reply: Reply): void {
    if (this.closed) return
    const round = this.#round
    if (round === undefined) this.#outcome = reply
    else this.#end()?.exchange.finish(round.id, reply)
  }

  drop (): void {
    // Ended while its client was away, and with an answer: that is what the retry gets.
    if (this.#outcome === undefined) this.#end()?.exchange.drop()
  }

  refuse (error: GatewayError): void {
    const round = this.#end()
    round?.exchange.refuse(error, round.id)
  }

  /** Nothing more reaches the client. Returns the request that still has to be answered. */
  #end (): Round | undefined {
    const round = this.#round
    this.#round = undefined
    this.closed = true
    clearTimeout(this.#timer)
    for (const ask of this.#asks.splice(0)) ask.settle(undefined)
    return round
  }

  /** The connection of this request was lost before its answer: that is how modern clients cancel (MCP 2026-07-28 transports). */
  disconnected (exchange: Exchange): void {
    if (this.#round?.exchange === exchange) this.#call?.cancel('client_disconnected')
  }

  /** The answer can only be an error: this request declares no such capability (-32021). The call is cancelled. */
  cannotBeAsked (method: string, params: JsonObject | undefined): void {
    this.finish(0, lacking(method, params))
    this.#call?.cancel('client_cancelled')
  }

  /**
   * What a modern server asks, as it may leave: nothing but what this request declares (C8), and with the server's own state
   * sealed, so that only this client can bring it back and only with this request (T21). Everything else is left alone.
   * @param declared what the server was told that it may ask
   */
  withState (reply: Reply, declared: JsonObject): Reply {
    if (!isInputRequired(reply)) return reply
    const { inputRequests, requestState } = reply.result
    const questions = questionsIn(inputRequests)
    const isUndeclared = ({ method, params }: Question): boolean => !clientUnderstands(declared, method, params)
    if (questions === undefined || questions.some(isUndeclared) || !(requestState === undefined || typeof requestState === 'string')) return errorReply('GW_UPSTREAM_PROTOCOL')
    const forbidden = questions.find(({ method, params }) => !clientUnderstands(this.#capabilities, method, params))
    if (forbidden !== undefined) return lacking(forbidden.method, forbidden.params)
    // Without a state there is nothing to protect, and the client sends none.
    if (requestState === undefined) return reply
    return { result: { ...reply.result, requestState: this.#parks.states.seal(this.subject, { kind: 'relayed', inner: requestState }) } }
  }

  /** The session era's "open these pages first" (-32042) as a question, after which the request is sent again; undefined = it is something else. */
  reissued ({ error }: Reply): Reply | undefined {
    return error?.code === URL_ELICITATION_REQUIRED ? this.#reissue(error.data) : undefined
  }

  #reissue (data: unknown): Reply {
    const elicitations = isJsonObject(data) && Array.isArray(data['elicitations']) ? data['elicitations'].filter(isJsonObject).slice(0, MAX_ASKS) : []
    if (elicitations.length === 0) return errorReply('GW_UPSTREAM_PROTOCOL')
    if (!clientUnderstands(this.#capabilities, 'elicitation/create', PAGE)) return lacking('elicitation/create', PAGE)
    const inputRequests: JsonObject = {}
    for (const [at, params] of elicitations.entries()) inputRequests[`elicitation-${at + 1}`] = { method: 'elicitation/create', params: withoutLegacyId({ ...params, ...PAGE }) }
    return { result: { resultType: 'input_required', inputRequests, requestState: this.#parks.states.seal(this.subject, { kind: 'reissue' }) } }
  }

  // ---- questions ----

  ask (method: string, params: JsonObject | undefined, _exchange: Exchange | undefined, { signal }: AskOptions): Promise<Reply | undefined> {
    if (this.closed || signal.aborted || this.#asks.length >= MAX_ASKS) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const settle = (reply: Reply | undefined): void => {
        signal.removeEventListener('abort', withdraw)
        const at = this.#asks.indexOf(ask)
        if (at !== -1) this.#asks.splice(at, 1)
        resolve(reply)
      }
      const withdraw = (): void => { settle(undefined) }
      const ask: Ask = { key: `${method.slice(0, method.indexOf('/'))}-${++this.#asked}`, method, params: withoutLegacyId(params), settle }
      signal.addEventListener('abort', withdraw, { once: true })
      this.#asks.push(ask)
      this.#putSoon()
    })
  }

  #putSoon (): void {
    if (this.#round === undefined || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#putAll()
    }, COALESCE_MS)
  }

  /** Ends the request with everything that is asked. */
  #putAll (): void {
    const round = this.#round
    if (round === undefined || this.#asks.length === 0) return
    // What an earlier round declared means nothing for this one.
    const forbidden = this.#asks.find(({ method, params }) => !clientUnderstands(this.#capabilities, method, params))
    if (forbidden !== undefined) return this.cannotBeAsked(forbidden.method, forbidden.params)
    const requestState = this.round >= MAX_ROUNDS ? undefined : this.#parks.park(this, ++this.round)
    if (requestState === undefined) {
      for (const ask of [...this.#asks]) ask.settle(undefined)
      return
    }
    const inputRequests: JsonObject = {}
    for (const { key, method, params } of this.#asks) inputRequests[key] = params === undefined ? { method } : { method, params }
    this.#round = undefined
    round.exchange.finish(round.id, { result: { resultType: 'input_required', inputRequests, requestState } })
  }

  /** The client has come back. What it did not answer it is asked again; answers to nothing are ignored. */
  resume (round: Round, answers: JsonObject): void {
    this.#round = round
    this.#capabilities = round.capabilities
    this.#tellLevel()
    const missed = this.#missed
    this.#missed = undefined
    if (missed !== undefined && round.progressToken !== undefined) this.notifyOn(this, 'notifications/progress', { ...missed, progressToken: round.progressToken })
    if (this.#outcome !== undefined) return this.finish(0, this.#outcome)
    for (const ask of [...this.#asks]) {
      const answer = Object.hasOwn(answers, ask.key) ? answers[ask.key] : undefined
      if (isJsonObject(answer)) ask.settle({ result: answer })
    }
    if (this.#asks.length > 0) this.#putSoon()
  }

  /** It did not come back in time. What was asked stays unanswered, and then the call is cancelled. */
  expire (): void {
    this.#end()
    this.#call?.cancel('deadline')
  }
}

/** This request does not declare what answering needs. */
function lacking (method: string, params: JsonObject | undefined): Reply {
  return errorReply('GW_PROTOCOL_CAPABILITY', { data: { requiredCapabilities: requiredCapabilities(method, params) } })
}

/** Ids of url elicitations belong to the session era (MCP 2026-07-28 elicitation). */
function withoutLegacyId (params: JsonObject | undefined): JsonObject | undefined {
  if (params?.['elicitationId'] === undefined) return params
  const { elicitationId: _id, ...others } = params
  return others
}
