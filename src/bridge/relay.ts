import { errorReply, isAtLeast, isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Exchange, Session } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { Connection, ConnectionPeer, Place } from '../upstream/index.ts'
import { clientUnderstands } from './client-capabilities.ts'
import { RelayedCall } from './relayed-call.ts'
import { filterRoots } from './roots.ts'

/** Rewrites what a server says for one session's face: the aggregate renames, a server's own endpoint does not. */
export interface FaceRewrite {
  notification (session: Session, method: string, params: JsonObject | undefined): JsonObject | undefined
}

interface Target { readonly session: Session, readonly exchange: Exchange | undefined, readonly call: RelayedCall | undefined }

/** Elicitation ids remembered for notifications/elicitation/complete. */
const MAX_ELICITATIONS = 256

/**
 * The legacy-to-legacy bridge of one worker key: everything a server says that is no answer to a call goes to the right
 * session, or nowhere. Survives restarts of its worker, and puts log level and subscriptions back after one.
 */
export class Relay implements ConnectionPeer {
  readonly #place: Place
  readonly #server: ServerSettings
  readonly #rewrite: FaceRewrite
  readonly #sessions = new Set<Session>()
  readonly #subscribers = new Map<string, Set<Session>>()
  readonly #levels = new Map<Session, string>()
  readonly #elicitations = new Map<string, Session>()
  readonly #owedNotice = new WeakSet<Session>()
  #restored: Connection | undefined
  #sentLevel: string | undefined

  constructor (place: Place, server: ServerSettings, rewrite: FaceRewrite) {
    this.#place = place
    this.#server = server
    this.#rewrite = rewrite
  }

  get place (): Place { return this.#place }

  attach (session: Session): void {
    this.#sessions.add(session)
  }

  detach (session: Session): void {
    this.#sessions.delete(session)
    this.#levels.delete(session)
    for (const uri of [...this.#subscribers.keys()]) this.unsubscribe(session, uri)
  }

  /** The connection, opened if need be. Synchronous when it is there: the hot path. */
  connection (): Connection | Promise<Connection> {
    const live = this.#place.connection
    if (live?.open === true && live === this.#restored) return live
    return this.#place.ready().then((connection) => this.#restore(connection))
  }

  /** Puts connection-wide state back on a worker that replaced another one, and owes each session one notice. */
  #restore (connection: Connection): Connection {
    if (connection === this.#restored) return connection
    const isRestart = this.#restored !== undefined
    this.#restored = connection
    if (!isRestart) return connection
    this.#sentLevel = undefined
    this.#sendLevel(connection)
    for (const uri of this.#subscribers.keys()) silently(connection, 'resources/subscribe', { uri })
    for (const session of this.#sessions) this.#owedNotice.add(session)
    return connection
  }

  /** One notice per session that the worker is new and its memory gone (FR01), on the way of the next call. */
  giveNotice (session: Session, exchange: Exchange): void {
    if (!this.#owedNotice.delete(session)) return
    session.notifyOn(session.hasReader || session.face === 'sse' ? undefined : exchange, 'notifications/message', {
      level: 'warning',
      logger: 'drawbridge',
      data: `Server "${this.#server.name}" was started again; whatever it kept in memory is gone.`
    })
  }

  setLevel (session: Session, level: string): void {
    this.#levels.set(session, level)
    const connection = this.#place.connection
    if (connection?.open === true) this.#sendLevel(connection)
  }

  /** A shared connection runs at the most verbose level any of its sessions asked for; each session filters its own. */
  #sendLevel (connection: Connection): void {
    const wanted = mostVerbose(this.#levels.values())
    if (wanted === undefined || wanted === this.#sentLevel || !isJsonObject(capabilitiesOf(connection)['logging'])) return
    this.#sentLevel = wanted
    silently(connection, 'logging/setLevel', { level: wanted })
  }

  /** True if the server has to be told, because this is the first subscriber. */
  subscribe (session: Session, uri: string): boolean {
    const subscribers = this.#subscribers.get(uri)
    if (subscribers === undefined) this.#subscribers.set(uri, new Set([session]))
    else subscribers.add(session)
    return subscribers === undefined
  }

  /** True if nobody is left. Tells the server then. */
  unsubscribe (session: Session, uri: string): boolean {
    const subscribers = this.#subscribers.get(uri)
    if (subscribers?.delete(session) !== true || subscribers.size > 0) return false
    this.#subscribers.delete(uri)
    const connection = this.#place.connection
    if (connection?.open === true) silently(connection, 'resources/unsubscribe', { uri })
    return true
  }

  async onRequest (method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply> {
    const target = this.#targetOf(method)
    if (method === 'roots/list') return this.#answerRoots(target, signal)
    if (target === undefined || !clientUnderstands(target.session.hello.capabilities, method, params)) return unaskable(method)
    this.#rememberElicitation(target.session, params)
    return this.#ask(target, method, params, signal)
  }

  async #ask (target: Target, method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply> {
    target.call?.pause()
    try {
      return await target.session.ask(method, params, { exchange: target.exchange, signal, timeoutMs: this.#server.maxTimeoutMs, onProgress: this.#progressTo(params) })
    } finally {
      target.call?.resume()
    }
  }

  /** Passes the client's progress on a question back under the server's own token. */
  #progressTo (params: JsonObject | undefined): ((progress: JsonObject) => void) | undefined {
    const meta = params?.['_meta']
    const token = isJsonObject(meta) ? meta['progressToken'] : undefined
    if (token === undefined) return undefined
    return (progress) => this.#place.connection?.notify('notifications/progress', { ...progress, progressToken: token })
  }

  async #answerRoots (target: Target | undefined, signal: AbortSignal): Promise<Reply> {
    if (this.#server.roots === 'off') return unaskable('roots/list')
    const askable = target !== undefined && clientUnderstands(target.session.hello.capabilities, 'roots/list', undefined)
    const reply = askable ? await this.#ask(target, 'roots/list', undefined, signal) : errorReply('GW_UPSTREAM_ASK_REFUSED')
    if (this.#server.roots === 'relay') return reply
    const rootDirs = this.#place.rootDirs
    return { result: await filterRoots(reply.result, rootDirs) }
  }

  /**
   * Whom a question is for (rulings 4). One call in flight: that call's own stream. Several of one session: its GET stream
   * if it has one, else the newest POST. Several sessions: nobody, because a wrong guess would show one client's question
   * to another. No call: the one session there is; for roots, the one that came last.
   */
  #targetOf (method: string): Target | undefined {
    const calls = [...this.#relayedCalls()]
    const newest = calls.at(-1)
    if (newest === undefined) return this.#targetWithoutCall(method)
    const { session } = newest
    if (session === undefined || calls.some((call) => call.session !== session)) return undefined
    if (calls.length > 1 && session.hasReader) return { session, exchange: undefined, call: newest }
    return { session, exchange: newest.exchange, call: newest }
  }

  #targetWithoutCall (method: string): Target | undefined {
    const sessions = [...this.#sessions]
    if (sessions.length > 1 && method !== 'roots/list') return undefined
    const session = sessions.at(-1)
    return session === undefined ? undefined : { session, exchange: undefined, call: undefined }
  }

  * #relayedCalls (): Generator<RelayedCall> {
    for (const handle of this.#place.connection?.inFlight ?? []) {
      const { origin } = handle.call
      if (origin instanceof RelayedCall && ASKABLE_METHODS.has(origin.method)) yield origin
    }
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
    session.notifyOn(exchange, method, this.#rewrite.notification(session, method, params))
  }

  /** A log line belongs to the one call in flight; otherwise to the sessions of one user, and of several users to nobody. */
  #log (params: JsonObject | undefined): void {
    const calls = [...this.#relayedCalls()]
    const only = calls.length === 1 ? calls[0] : undefined
    if (only !== undefined) {
      if (only.session?.wantsLog(params?.['level']) === true) this.#notify(only.session, only.exchange, 'notifications/message', params)
      return
    }
    const users = new Set([...this.#sessions].map((session) => session.principal.userKey))
    if (users.size !== 1) return
    for (const session of this.#sessions) {
      if (session.wantsLog(params?.['level'])) this.#notify(session, undefined, 'notifications/message', params)
    }
  }

  #resourceUpdated (params: JsonObject | undefined): void {
    const uri = params?.['uri']
    if (typeof uri !== 'string') return
    // A server may report a sub-resource of what was subscribed to (MCP resources), so what lies below it counts.
    for (const [subscribed, sessions] of this.#subscribers) {
      if (uri !== subscribed && !uri.startsWith(`${subscribed}/`)) continue
      for (const session of sessions) this.#notify(session, undefined, 'notifications/resources/updated', params)
    }
  }

  #elicitationComplete (params: JsonObject | undefined): void {
    const id = String(params?.['elicitationId'])
    const session = this.#elicitations.get(id)
    this.#elicitations.delete(id)
    if (session !== undefined) this.#notify(session, undefined, 'notifications/elicitation/complete', params)
  }

  onEnd (): void {
    this.#sentLevel = undefined
  }
}

/** Requests during which a server may ask something. */
const ASKABLE_METHODS = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete'])

function mostVerbose (levels: Iterable<string>): string | undefined {
  let lowest: string | undefined
  for (const level of levels) {
    if (lowest === undefined || isAtLeast(lowest, level)) lowest = level
  }
  return lowest
}

/** What a server gets whose question can reach nobody (protocol: the client declined, or lacks the capability). */
function unaskable (method: string): Reply {
  if (method === 'elicitation/create') return { result: { action: 'cancel' } }
  return errorReply('GW_UPSTREAM_ASK_REFUSED')
}

function capabilitiesOf (connection: Connection): JsonObject {
  const capabilities = connection.initializeResult['capabilities']
  return isJsonObject(capabilities) ? capabilities : {}
}

/** A request of our own whose answer nobody waits for. */
function silently (connection: Connection, method: string, params: JsonObject): void {
  connection.call({ method, params, timeoutMs: 10_000, maxTimeoutMs: 10_000, origin: undefined, onReply: () => undefined })
}
