import { isJsonObject, type JsonObject, type MirroredParam, type Reply } from '../protocol/index.ts'
import type { Client, Exchange } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { Connection, ConnectionPeer, Place, UpstreamCall } from '../upstream/index.ts'
import { targetOfLog } from './attribution.ts'
import { isSharedByUsers } from './client-capabilities.ts'
import { DrivenRounds } from './driven-rounds.ts'
import { isInputRequired } from './input-required.ts'
import type { RoundDriver } from './relayed-call.ts'
import { KnownTools } from './known-tools.ts'
import { Questions } from './questions.ts'
import { hasRoots } from './roots-rule.ts'
import { capabilitiesOf } from './server-capabilities.ts'
import { resultOfTask } from './hidden-task.ts'
import { SharedState, tell } from './shared-state.ts'
import { TaskOwners } from './task-owners.ts'
import { ToolParameters } from './tool-parameters.ts'
import { WorkerUsers } from './worker-users.ts'

/** Makes what a server says unasked fit for one client: the aggregate renames, and hidden resources stay hidden. */
export interface FaceRewrite {
  /** The params as this client may see them; null = it may not hear of this at all. */
  notification (client: Client, method: string, params: JsonObject | undefined, tasks: TaskOwners): JsonObject | undefined | null
  /** A question's params for this client. */
  question (client: Client, params: JsonObject | undefined, tasks: TaskOwners): JsonObject | undefined
}

/** Lists that can change, by the capability that offers them. */
const LISTS = ['tools', 'prompts', 'resources'] as const

/**
 * The bridge of one worker key: everything a server says that is no answer to a call goes to the right client, or nowhere.
 * Survives restarts of its worker, and puts log level and subscriptions back after one.
 */
export class Relay implements ConnectionPeer {
  readonly #place: Place
  readonly #server: ServerSettings
  readonly #rewrite: FaceRewrite
  readonly #onChanged: (method: string) => void
  /** Sessions and listens: whoever hears of what belongs to no call. */
  readonly #clients = new Set<Client>()
  readonly #state = new SharedState((method, params) => this.onNotification(method, params), () => { this.#mayHaveChanged() })
  readonly #parameters = new ToolParameters()
  /** Its tools, as far as their arguments are checked here. */
  readonly tools = new KnownTools()
  /** Tasks made for calls through this worker. */
  readonly tasks = new TaskOwners()
  readonly #questions: Questions
  /** Clients whose worker has ended since they began to use it. */
  readonly #owedNotice = new Set<Client>()
  /** Clients that were given a list without this server's part. */
  readonly #owedLists = new Set<Client>()
  #restored: Connection | undefined
  readonly #users = new WorkerUsers()
  /** How often the server has asked for something so far. */
  asks = 0
  /** Monotonic milliseconds: when a tool was last used through this relay, by whomever. */
  usedAtMs = -Infinity

  /** @param onChanged the server said that a list or a resource has changed, by the method of the notification, or may have done so unheard; told before any client is */
  constructor (place: Place, server: ServerSettings, rewrite: FaceRewrite, onChanged: (method: string) => void = () => undefined) {
    this.#place = place
    this.#server = server
    this.#questions = new Questions({ place, server, clients: this.#clients, rewritten: (client, params) => rewrite.question(client, params, this.tasks) })
    this.#rewrite = rewrite
    this.#onChanged = onChanged
  }

  get place (): Place { return this.#place }

  /** Was there ever a connection? What was known before there was one is as good as it gets; what an ended one knew is not. */
  get wasConnected (): boolean { return this.#restored !== undefined }

  attach (client: Client): void {
    this.#clients.add(client)
    this.usedBy(client.principal.userKey)
    if (client.logLevel !== undefined) this.setLevel(client, client.logLevel)
    this.#state.setHeard(true, this.#place.connection)
  }

  detach (client: Client): void {
    this.#clients.delete(client)
    this.#owedNotice.delete(client)
    this.#owedLists.delete(client)
    this.#state.forget(client, this.#place.connection)
    if (this.#clients.size === 0) this.#state.setHeard(false, this.#place.connection)
  }

  /** Notes who uses the worker: what it says of its own accord may be about any of them, long after their calls. */
  usedBy (userKey: string): void { this.#users.add(userKey) }

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
    this.#parameters.forget()
    this.tools.restarted()
    this.#state.restore(connection)
    for (const client of new Set([...this.#owedNotice, ...this.#owedLists])) this.#tellListsChanged(client, connection)
    this.#owedLists.clear()
    return connection
  }

  #tellListsChanged (client: Client, connection: Connection): void {
    const offered = capabilitiesOf(connection)
    for (const list of LISTS) {
      if (isJsonObject(offered[list])) this.#notify(client, undefined, `notifications/${list}/list_changed`, undefined)
    }
  }

  /** The server forgot us and was greeted again: what it was told has to be told again (FR12). */
  onReset (): void {
    const connection = this.#place.connection
    if (connection !== undefined) this.#state.restore(connection)
    this.tools.restarted()
    this.#mayHaveChanged()
  }

  /** News may have been missed: what is remembered of the server is not to be trusted any more. */
  #mayHaveChanged (): void {
    for (const list of LISTS) this.#onChanged(`notifications/${list}/list_changed`)
    this.#onChanged('notifications/resources/updated')
  }

  /** The client was given a list without this server's part: it hears of the change when the server is up. */
  oweLists (client: Client): void {
    if (this.#clients.has(client)) this.#owedLists.add(client)
  }

  /** One notice per session that the worker is new and its memory gone (FR01), on the way of the next call. */
  giveNotice (client: Client, exchange: Exchange): void {
    if (!this.#owedNotice.delete(client) || !client.wantsLog('warning')) return
    client.notifyOn(client.hasReader ? undefined : exchange, 'notifications/message', {
      level: 'warning',
      logger: 'drawbridge',
      data: `Server "${this.#server.name}" was started again; whatever it kept in memory is gone.`
    })
  }

  setLevel (client: Client, level: string): void {
    this.#state.setLevel(client, level, this.#place.connection)
  }

  /** One request wants log lines; a session-era server is told, because it knows levels only per connection. */
  levelWanted (level: string, connection: Connection): void {
    this.#state.levelWanted(level, connection)
  }

  /** Does this tool run as a task only? Known once its parameters are. */
  requiresTask (tool: string): boolean {
    return this.#parameters.requiresTask(tool)
  }

  /** The arguments of a tool that are mirrored in headers; a promise when the server has to be asked. */
  mirroredOf (tool: string, connection: Connection): readonly MirroredParam[] | Promise<readonly MirroredParam[]> {
    return this.#parameters.of(tool, connection)
  }

  /** From now on the client hears of this resource; the caller asks the server. False: it watches as much as it may. */
  subscribe (client: Client, uri: string): boolean {
    return this.#state.subscribe(client, uri)
  }

  /** Tells a modern server of a resource that was just subscribed to. */
  listenTo (connection: Connection, uri: string): Promise<Reply> {
    return this.#state.listenTo(connection, uri)
  }

  /** What a modern server honours of what is listened for. */
  heard (connection: Connection): Promise<JsonObject | undefined> {
    return this.#state.heard(connection)
  }

  /** The server is told when nobody is left. */
  unsubscribe (client: Client, uri: string): void {
    this.#state.unsubscribe(client, uri, this.#place.connection)
  }

  /** The client's roots changed: the server may ask for them again. */
  rootsChanged (): void {
    if (this.#server.roots !== 'off' && !isSharedByUsers(this.#server)) this.#place.connection?.notify('notifications/roots/list_changed')
  }

  /** How a call gets through the rounds of a modern server; one per call. */
  createDriver (): RoundDriver {
    const rounds = new DrivenRounds((call, method, params, signal) => this.#questions.putTo(call, method, params, signal))
    return {
      nextRound: async (call, reply, signal) => {
        this.asks++
        if (call.isHiddenTask) return resultOfTask(call, reply)
        if (isInputRequired(reply)) return await rounds.next(call, reply.result, signal)
        return await this.#parameters.mirrorAgain(call, await this.connection(), reply)
      },
      connection: () => this.connection(),
      cancelTask: (id) => { if (this.#place.connection !== undefined) tell(this.#place.connection, 'tasks/cancel', { taskId: id }) }
    }
  }

  async onRequest (method: string, params: JsonObject | undefined, signal: AbortSignal, about?: UpstreamCall): Promise<Reply> {
    this.asks++
    return await this.#questions.answer(method, params, signal, about)
  }

  /** Answers that a modern client sent along, as the server may see them. The operator's directories are known once there is a worker; if there is none, the call says so. */
  async allowedAnswers (answers: JsonObject): Promise<JsonObject> {
    if (hasRoots(answers)) await Promise.resolve(this.connection()).catch(() => undefined)
    return await this.#questions.allowed(answers)
  }

  onNotification (method: string, params: JsonObject | undefined, about?: UpstreamCall): void {
    switch (method) {
      case 'notifications/message': return this.#log(params, about)
      case 'notifications/resources/updated':
        this.#onChanged(method)
        return this.#resourceUpdated(params)
      case 'notifications/elicitation/complete': return this.#elicitationComplete(params)
      case 'notifications/tools/list_changed':
        this.#parameters.forget()
        this.tools.forget()
        return this.#listChanged(method, params)
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed': return this.#listChanged(method, params)
      case 'notifications/tasks/status':
      case 'notifications/tasks': this.#notifyAll(method, params)
    }
  }

  #listChanged (method: string, params: JsonObject | undefined): void {
    this.#onChanged(method)
    this.#notifyAll(method, params)
  }

  #notifyAll (method: string, params: JsonObject | undefined): void {
    for (const client of this.#clients) this.#notify(client, undefined, method, params)
  }

  #notify (client: Client, exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void {
    const visible = this.#rewrite.notification(client, method, params, this.tasks)
    if (visible !== null) client.notifyOn(exchange, method, visible)
  }

  /** Of a worker that several users have used, a line may hold anybody's data, whoever is calling now: it is dropped, unless it came with a call. */
  #log (params: JsonObject | undefined, about: UpstreamCall | undefined): void {
    if (this.#users.areSeveral && about === undefined) return
    const target = targetOfLog(this.#place.connection, about)
    if (target === undefined) return
    const clients = target === 'everybody' ? this.#clients : [target.client]
    const exchange = target === 'everybody' ? undefined : target.exchange
    for (const client of clients) {
      if (client.wantsLog(params?.['level'])) this.#notify(client, exchange, 'notifications/message', params)
    }
  }

  #resourceUpdated (params: JsonObject | undefined): void {
    const uri = params?.['uri']
    if (typeof uri !== 'string') return
    for (const client of new Set(this.#state.subscribersOf(uri))) this.#notify(client, undefined, 'notifications/resources/updated', params)
  }

  #elicitationComplete (params: JsonObject | undefined): void {
    const client = this.#questions.ownerOfCompleted(params)
    if (client !== undefined) this.#notify(client, undefined, 'notifications/elicitation/complete', params)
  }

  onEnd (): void {
    for (const client of this.#clients) this.#owedNotice.add(client)
    this.#users.clear()
    for (const client of this.#clients) this.usedBy(client.principal.userKey)
  }
}
