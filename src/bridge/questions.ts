import { isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Client } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { Place, UpstreamCall } from '../upstream/index.ts'
import { isQuestion, unanswered, unaskable } from './answers.ts'
import { targetOfAsk, type Target } from './attribution.ts'
import { clientUnderstands, isSharedByUsers } from './client-capabilities.ts'
import { ElicitationOwners } from './elicitation-owners.ts'
import type { RelayedCall } from './relayed-call.ts'
import { RootsRule } from './roots-rule.ts'

/** What the questions of one worker need of its relay. */
export interface QuestionsOptions {
  readonly place: Place
  readonly server: ServerSettings
  /** Whoever hears of what belongs to no call; the relay's own, as it is at any time. */
  readonly clients: ReadonlySet<Client>
  /** A question's params as this client may see them. */
  rewritten (client: Client, params: JsonObject | undefined): JsonObject | undefined
}

/** What the server of one worker key asks: put to the client that it is about, or answered without one. */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #elicitations = new ElicitationOwners()
  readonly #roots: RootsRule

  constructor (options: QuestionsOptions) {
    this.#options = options
    this.#roots = new RootsRule(options.server, () => options.place.rootDirs)
  }

  /** The answer to a request of a session-era server. @param about the call on whose stream it came, if it did */
  async answer (method: string, params: JsonObject | undefined, signal: AbortSignal, about?: UpstreamCall): Promise<Reply> {
    const { place, server, clients } = this.#options
    // Nothing was declared to a worker of several users, and nobody in particular is meant (rulings 1).
    if (isSharedByUsers(server)) return unaskable(method)
    const target = targetOfAsk(place.connection, clients, method, about)
    const isAskable = target !== undefined && clientUnderstands(target.client.capabilities, method, params)
    if (method === 'roots/list') return await this.#answerRoots(isAskable ? target : undefined, params, signal, about !== undefined) ?? unanswered(method)
    if (isAskable) return await this.#put(target, method, params, signal) ?? unanswered(method)
    if (isQuestion(method)) target?.client.cannotBeAsked?.(method, params)
    return unaskable(method)
  }

  /** Puts a question of a modern server's round to the call's own client; undefined = no answer. */
  async putTo (call: RelayedCall, method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply | undefined> {
    return await this.#put({ client: call.client as Client, exchange: call.exchange, calls: [] }, method, params, signal)
  }

  /** Whose elicitation by URL the server says is done; undefined = nobody's here. */
  ownerOfCompleted (params: JsonObject | undefined): Client | undefined {
    return this.#elicitations.completed(params)
  }

  /** Answers that a modern client sent along, as the server may see them: roots by the operator's rule. */
  async allowed (answers: JsonObject): Promise<JsonObject> {
    return await this.#roots.allowed(answers)
  }

  async #put (target: Target, method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply | undefined> {
    if (method === 'roots/list') return await this.#answerRoots(target, params, signal, true)
    this.#elicitations.asked(target.client, params)
    return await this.#ask(target, method, params, this.#options.server.maxTimeoutMs, signal)
  }

  /** Deadlines of the calls in question stand still meanwhile: somebody may have to read and decide. */
  async #ask (target: Target, method: string, params: JsonObject | undefined, timeoutMs: number, signal: AbortSignal): Promise<Reply | undefined> {
    for (const call of target.calls) call.pause()
    try {
      return await target.client.ask(method, this.#options.rewritten(target.client, params), target.exchange, { signal, timeoutMs, onProgress: this.#progressTo(params) })
    } finally {
      for (const call of target.calls) call.resume()
    }
  }

  /** Passes the client's progress on a question back under the server's own token. */
  #progressTo (params: JsonObject | undefined): ((progress: JsonObject) => void) | undefined {
    const meta = params?.['_meta']
    const token = isJsonObject(meta) ? meta['progressToken'] : undefined
    if (token === undefined) return undefined
    return (progress) => this.#options.place.connection?.notify('notifications/progress', { ...progress, progressToken: token })
  }

  /**
   * @param target undefined = there is no client that could be asked
   * @param isExact the question is certainly about the target's call
   */
  #answerRoots (target: Target | undefined, params: JsonObject | undefined, signal: AbortSignal, isExact: boolean): Promise<Reply | undefined> {
    const { server } = this.#options
    const isModern = target?.client.era === 'modern'
    // Servers ask for roots of their own accord too, right after initialize: a modern request is not made to wait for that
    // when the answer can only be a part of what the operator allows anyway.
    const isSpared = target === undefined || (isModern && !isExact && server.roots === 'filtered')
    // No person has to decide, so it takes no longer than a call.
    const timeoutMs = isModern ? server.maxTimeoutMs : server.timeoutMs
    return this.#roots.answer(isSpared ? undefined : () => this.#ask(target, 'roots/list', params, timeoutMs, signal))
  }
}
