import { isJsonObject, META, MODERN_REVISIONS, notificationText, type JsonObject, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { Client, Exchange, SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'

/** The list notifications and the wish that asks for each. */
const FLAGS: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged'
}

/** News kept until the acknowledgement, at most: a server that reports resource after resource must not fill the memory (T39). */
const MAX_EARLY = 1000

/**
 * One open subscriptions/listen of a modern client: hears of what it asked for and of nothing else, every message carrying
 * the id of its request (MCP 2026-07-28 subscriptions). Says nothing before the acknowledgement.
 */
export class ListeningClient implements Client {
  readonly era = 'modern'
  readonly isAway = false
  readonly revision = MODERN_REVISIONS[0] as string
  readonly capabilities: JsonObject = {}
  readonly logLevel = undefined
  readonly hasReader = true
  readonly principal: Principal
  readonly route: SessionRoute
  readonly #exchange: Exchange
  readonly #id: JsonRpcId
  #honoured: JsonObject | undefined
  /** What came before the acknowledgement; each list and each resource once. */
  readonly #early = new Map<string, JsonObject | undefined>()
  closed = false

  constructor (principal: Principal, route: SessionRoute, exchange: Exchange, id: JsonRpcId) {
    this.principal = principal
    this.route = route
    this.#exchange = exchange
    this.#id = id
  }

  /** Has it been told what is honoured? */
  get acknowledged (): boolean { return this.#honoured !== undefined }

  /** The first message: what is honoured of the wishes. */
  acknowledge (honoured: JsonObject): void {
    if (this.closed) return
    this.#emit('notifications/subscriptions/acknowledged', { notifications: honoured })
    this.#honoured = honoured
    for (const [key, params] of this.#early) this.notify(key.split(' ')[0] as string, params)
    this.#early.clear()
  }

  notify (method: string, params: JsonObject | undefined): void {
    if (this.closed) return
    if (this.#honoured === undefined) this.#keepEarly(method, params)
    else if (this.#wants(method)) this.#emit(method, params)
  }

  #keepEarly (method: string, params: JsonObject | undefined): void {
    const key = `${method} ${String(params?.['uri'])}`
    if (this.#early.size < MAX_EARLY || this.#early.has(key)) this.#early.set(key, params)
  }

  notifyOn (_exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void {
    this.notify(method, params)
  }

  /** Resources are filtered by who subscribed to what. */
  #wants (method: string): boolean {
    if (method === 'notifications/resources/updated') return this.#honoured?.['resourceSubscriptions'] !== undefined
    const flag = FLAGS[method]
    return flag !== undefined && this.#honoured?.[flag] === true
  }

  #emit (method: string, params: JsonObject | undefined): void {
    const meta = params?.['_meta']
    this.#exchange.emit(notificationText(method, { ...params, _meta: { ...(isJsonObject(meta) ? meta : undefined), [META.subscriptionId]: this.#id } }))
  }

  /** The end in good order: the empty result. */
  end (): void {
    if (this.closed) return
    this.closed = true
    this.#exchange.finish(this.#id, { result: { resultType: 'complete', _meta: { [META.subscriptionId]: this.#id } } })
  }

  /** The client has gone, or was refused. */
  drop (): void { this.closed = true }

  wantsLog (): boolean { return false }
  progressToken (): undefined { return undefined }
  ask (): Promise<Reply | undefined> { return Promise.resolve(undefined) }
  callBegan (): void {}
  callEnded (): void {}
}
