import { errorReply, isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Exchange, Session } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { Connection, ConnectionPeer, Place } from '../upstream/index.ts'
import { targetOfAsk, targetOfLog, type Target } from './attribution.ts'
import { clientUnderstands, isSharedByUsers } from './client-capabilities.ts'
import { filterRoots } from './roots.ts'
import { capabilitiesOf, SharedState } from './shared-state.ts'

/** Makes what a server says unasked fit for one session: the aggregate renames, and hidden resources stay hidden. */
export interface FaceRewrite {
  /** The params as this session may see them; null = it may not hear of this at all. */
  notification (session: Session, method: string, params: JsonObject | undefined): JsonObject | undefined | null
}

/** Elicitation ids remembered for notifications/elicitation/complete. */
const MAX_ELICITATIONS = 256

/** Lists that can change, by the capability that offers them. */
const LISTS = ['tools', 'prompts', 'resources'] as const

/**
 * The legacy-to-legacy bridge of one worker key: everything a server says that is no answer to a call goes to the right
 * session, or nowhere. Survives restarts of its worker, and puts log level and subscriptions back after one.
 */
export class Relay implements ConnectionPeer {
  readonly #place: Place
  readonly #server: ServerSettings
  readonly #rewrite: FaceRewrite
  readonly #sessions = new Set<Session>()
  readonly #state = new SharedState()
  readonly #elicitations = new Map<string, Session>()
  /** Sessions whose worker has ended since they began to use it. */
  readonly #owedNotice = new Set<Session>()
  /** Sessions that were given a list without this server's part. */
  readonly #owedLists = new Set<Session>()
  #restored: Connection | undefined
  /** Whoever used the running worker: one user's key, or several users. */
  #user: string | undefined
  #isOfSeveralUsers = false

  constructor (place: Place, server: ServerSettings, rewrite: FaceRewrite) {
    this.#place = place
    this.#server = server
    this.#rewrite = rewrite
  }

  get place (): Place { return this.#place }

  attach (session: Session): void {
    this.#sessions.add(session)
    this.usedBy(session.principal.userKey)
    if (session.logLevel !== undefined) this.setLevel(session, session.logLevel)
  }

  detach (session: Session): void {
    this.#sessions.delete(session)
    this.#owedNotice.delete(session)
    this.#owedLists.delete(session)
    this.#state.forget(session, this.#place.connection)
  }

  /** Notes who uses the worker: what it says of its own accord may be about any of them, long after their calls. */
  usedBy (userKey: string): void {
    if (this.#user === undefined) this.#user = userKey
    else if (this.#user !== userKey) this.#isOfSeveralUsers = true
  }

  /** The connection, opened if need be. Synchronous when it is there: the hot path. */
  connection (): Connection | Promise<Connection> {
    const live = this.#place.connection
    if (live?.open === true && live === this.#restored) return live
    return this.#place.ready().then((connection) => this.#restore(connection))
  }

  /** Puts connection-wide state on a new worker, and tells those who knew another one, or none, that lists may differ now. */
  #restore (connection: Connection): Connection {
    if (connection === this.#restored) return connection
    this.#restored = connection
    this.#state.restore(connection)
    for (const session of new Set([...this.#owedNotice, ...this.#owedLists])) this.#tellListsChanged(session, connection)
    this.#owedLists.clear()
    return connection
  }

  #tellListsChanged (session: Session, connection: Connection): void {
    const offered = capabilitiesOf(connection)
    for (const list of LISTS) {
      if (isJsonObject(offered[list])) this.#notify(session, undefined, `notifications/${list}/list_changed`, undefined)
    }
  }

  /** The session was given a list without this server's part: it hears of the change when the server is up. */
  oweLists (session: Session): void {
    if (this.#sessions.has(session)) this.#owedLists.add(session)
  }

  /** One notice per session that the worker is new and its memory gone (FR01), on the way of the next call. */
  giveNotice (session: Session, exchange: Exchange): void {
    if (!this.#owedNotice.delete(session) || !session.wantsLog('warning')) return
    session.notifyOn(session.hasReader ? undefined : exchange, 'notifications/message', {
      level: 'warning',
      logger: 'drawbridge',
      data: `Server "${this.#server.name}" was started again; whatever it kept in memory is gone.`
    })
  }

  setLevel (session: Session, level: string): void {
    this.#state.setLevel(session, level, this.#place.connection)
  }

  /** From now on the session hears of this resource; the caller asks the server. False: it watches as much as it may. */
  subscribe (session: Session, uri: string): boolean {
    return this.#state.subscribe(session, uri)
  }

  /** The server is told when nobody is left. */
  unsubscribe (session: Session, uri: string): void {
    this.#state.unsubscribe(session, uri, this.#place.connection)
  }

  /** The client's roots changed: the server may ask for them again. */
  rootsChanged (): void {
    if (this.#server.roots !== 'off' && !isSharedByUsers(this.#server)) this.#place.connection?.notify('notifications/roots/list_changed')
  }

  async onRequest (method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply> {
    // Nothing was declared to a worker of several users, and nobody in particular is meant (rulings 1).
    if (isSharedByUsers(this.#server)) return unaskable(method)
    const target = targetOfAsk(this.#place.connection, this.#sessions, method)
    const isAskable = target !== undefined && clientUnderstands(target.session.hello.capabilities, method, params)
    if (method === 'roots/list') return await this.#answerRoots(isAskable ? target : undefined, params, signal)
    if (!isAskable) return unaskable(method)
    this.#rememberElicitation(target.session, params)
    return await this.#ask(target, method, params, this.#server.maxTimeoutMs, signal) ?? unanswered(method)
  }

  /** Deadlines of the calls in question stand still meanwhile: somebody may have to read and decide. */
  async #ask (target: Target, method: string, params: JsonObject | undefined, timeoutMs: number, signal: AbortSignal): Promise<Reply | undefined> {
    for (const call of target.calls) call.pause()
    try {
      return await target.session.ask(method, params, target.exchange, { signal, timeoutMs, onProgress: this.#progressTo(params) })
    } finally {
      for (const call of target.calls) call.resume()
    }
  }

  /** Passes the client's progress on a question back under the server's own token. */
  #progressTo (params: JsonObject | undefined): ((progress: JsonObject) => void) | undefined {
    const meta = params?.['_meta']
    const token = isJsonObject(meta) ? meta['progressToken'] : undefined
    if (token === undefined) return undefined
    return (progress) => this.#place.connection?.notify('notifications/progress', { ...progress, progressToken: token })
  }

  /** @param target undefined = there is no client that could be asked */
  async #answerRoots (target: Target | undefined, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply> {
    if (this.#server.roots === 'off') return unaskable('roots/list')
    // No person has to decide, so it takes no longer than a call.
    const reply = target && await this.#ask(target, 'roots/list', params, this.#server.timeoutMs, signal)
    if (this.#server.roots === 'relay') return reply ?? unanswered('roots/list')
    return { result: await filterRoots(reply?.result, this.#place.rootDirs) }
  }

  #rememberElicitation (session: Session, params: JsonObject | undefined): void {
    const id = params?.['elicitationId']
    if (typeof id !== 'string') return
    this.#elicitations.set(id, session)
    for (const oldest of this.#elicitations.keys()) {
      if (this.#elicitations.size <= MAX_ELICITATIONS) break
      this.#elicitations.delete(oldest)
    }
  }

  onNotification (method: string, params: JsonObject | undefined): void {
    switch (method) {
      case 'notifications/message': return this.#log(params)
      case 'notifications/resources/updated': return this.#resourceUpdated(params)
      case 'notifications/elicitation/complete': return this.#elicitationComplete(params)
      case 'notifications/tools/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed':
        for (const session of this.#sessions) this.#notify(session, undefined, method, params)
    }
  }

  #notify (session: Session, exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void {
    const visible = this.#rewrite.notification(session, method, params)
    if (visible !== null) session.notifyOn(exchange, method, visible)
  }

  /** Of a worker that several users have used, a line may hold anybody's data, whoever is calling now: it is dropped. */
  #log (params: JsonObject | undefined): void {
    if (this.#isOfSeveralUsers) return
    const target = targetOfLog(this.#place.connection)
    if (target === undefined) return
    const sessions = target === 'everybody' ? this.#sessions : [target.session]
    const exchange = target === 'everybody' ? undefined : target.exchange
    for (const session of sessions) {
      if (session.wantsLog(params?.['level'])) this.#notify(session, exchange, 'notifications/message', params)
    }
  }

  #resourceUpdated (params: JsonObject | undefined): void {
    const uri = params?.['uri']
    if (typeof uri !== 'string') return
    for (const session of new Set(this.#state.subscribersOf(uri))) this.#notify(session, undefined, 'notifications/resources/updated', params)
  }

  #elicitationComplete (params: JsonObject | undefined): void {
    const id = String(params?.['elicitationId'])
    const session = this.#elicitations.get(id)
    this.#elicitations.delete(id)
    if (session !== undefined) this.#notify(session, undefined, 'notifications/elicitation/complete', params)
  }

  onEnd (): void {
    for (const session of this.#sessions) this.#owedNotice.add(session)
    this.#user = undefined
    this.#isOfSeveralUsers = false
    for (const session of this.#sessions) this.usedBy(session.principal.userKey)
  }
}

/** What a server gets whose question can reach nobody (protocol: the client declined, or lacks the capability). */
function unaskable (method: string): Reply {
  if (method === 'elicitation/create') return { result: { action: 'cancel' } }
  return errorReply('GW_UPSTREAM_ASK_REFUSED')
}

/** What a server gets whose question was put to the client and not answered. */
function unanswered (method: string): Reply {
  return method === 'elicitation/create' ? unaskable(method) : errorReply('GW_CANCELLED')
}
