import { errorReply, isAtLeast, isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Client } from '../session/index.ts'
import type { Connection } from '../upstream/index.ts'
import { capabilitiesOf } from './server-capabilities.ts'
import { UpstreamListen } from './upstream-listen.ts'

/** How long the gateway's own requests may take. Nobody waits for their answers. */
const OWN_REQUEST_MS = 10_000
/** Resources that one client may watch on one server, and how long their URIs may be: both are kept for as long as it lives. */
const MAX_SUBSCRIPTIONS = 1000
const MAX_URI_CHARS = 4096

/**
 * What is set once per connection while several clients use it: the log level and the subscriptions of the session era, the
 * one listen of the modern era. Kept here per client, so that a new worker can be told again and the last one who leaves
 * ends it.
 */
export class SharedState {
  readonly #subscribers = new Map<string, Set<Client>>()
  readonly #subscriptions = new Map<Client, Set<string>>()
  readonly #levels = new Map<Client, string>()
  readonly #listen: UpstreamListen
  /** The most verbose level that a request without a session asked for; such requests come and go, the level stays. */
  #requestLevel: string | undefined
  #sentLevel: string | undefined
  #isHeard = false

  /** @param onNotification what a modern server says on the listen; @param onGap it may have said something that was not heard */
  constructor (onNotification: (method: string, params: JsonObject | undefined) => void, onGap: () => void) {
    this.#listen = new UpstreamListen(onNotification, onGap)
  }

  /** A new connection knows nothing yet. */
  restore (connection: Connection): void {
    this.#sentLevel = undefined
    if (connection.era === 'modern') return this.#relisten(connection)
    this.#sendLevel(connection)
    for (const uri of this.#subscribers.keys()) tell(connection, 'resources/subscribe', { uri })
  }

  /** Does anybody want to hear that lists have changed? */
  setHeard (isHeard: boolean, connection: Connection | undefined): void {
    if (this.#isHeard === isHeard) return
    this.#isHeard = isHeard
    this.#relisten(connection)
  }

  #relisten (connection: Connection | undefined): void {
    if (this.#isHeard) this.#listen.want(connection, [...this.#subscribers.keys()]).catch(() => undefined)
    else this.#listen.close()
  }

  /** What a modern server honours of the listen; undefined = nothing. */
  async heard (connection: Connection): Promise<JsonObject | undefined> {
    return await this.#listen.want(connection, [...this.#subscribers.keys()])
  }

  setLevel (client: Client, level: string, connection: Connection | undefined): void {
    this.#levels.set(client, level)
    this.#sendLevel(connection)
  }

  /** The level of one request: a session-era server hears of it when nobody wanted that much before. */
  levelWanted (level: string, connection: Connection): void {
    if (this.#requestLevel !== undefined && isAtLeast(level, this.#requestLevel)) return
    this.#requestLevel = level
    this.#sendLevel(connection)
  }

  /** A shared connection runs at the most verbose level any of its clients asked for; each filters its own. */
  #sendLevel (connection: Connection | undefined): void {
    const wanted = mostVerbose([...this.#levels.values(), ...this.#requestLevel === undefined ? [] : [this.#requestLevel]])
    if (wanted === undefined || wanted === this.#sentLevel || connection?.open !== true || connection.era === 'modern' || !isJsonObject(capabilitiesOf(connection)['logging'])) return
    this.#sentLevel = wanted
    tell(connection, 'logging/setLevel', { level: wanted })
  }

  /** False: the client watches as much as it may. */
  subscribe (client: Client, uri: string): boolean {
    const own = this.#subscriptions.get(client) ?? new Set()
    if (uri.length > MAX_URI_CHARS || (own.size >= MAX_SUBSCRIPTIONS && !own.has(uri))) return false
    this.#subscriptions.set(client, own.add(uri))
    const subscribers = this.#subscribers.get(uri)
    if (subscribers === undefined) this.#subscribers.set(uri, new Set([client]))
    else subscribers.add(client)
    return true
  }

  /** Tells a modern server of a resource that somebody watches now; its answer in the words of the session era. */
  async listenTo (connection: Connection, uri: string): Promise<Reply> {
    const honoured = (await this.heard(connection))?.['resourceSubscriptions']
    return Array.isArray(honoured) && honoured.includes(uri) ? { result: {} } : errorReply('GW_PROTOCOL_METHOD')
  }

  /** The server is told when nobody is left. */
  unsubscribe (client: Client, uri: string, connection: Connection | undefined): void {
    this.#subscriptions.get(client)?.delete(uri)
    const subscribers = this.#subscribers.get(uri)
    if (subscribers?.delete(client) !== true || subscribers.size > 0) return
    this.#subscribers.delete(uri)
    if (connection?.open !== true) return
    if (connection.era === 'modern') this.#relisten(connection)
    else tell(connection, 'resources/unsubscribe', { uri })
  }

  forget (client: Client, connection: Connection | undefined): void {
    this.#levels.delete(client)
    for (const uri of [...this.#subscriptions.get(client) ?? []]) this.unsubscribe(client, uri, connection)
    this.#subscriptions.delete(client)
  }

  /** Who wants to hear of this resource. A server may report a part of what was subscribed to (MCP resources), so what lies below it counts. */
  * subscribersOf (uri: string): Generator<Client> {
    for (const [subscribed, clients] of this.#subscribers) {
      if (uri === subscribed || uri.startsWith(subscribed.endsWith('/') ? subscribed : `${subscribed}/`)) yield * clients
    }
  }
}

function mostVerbose (levels: Iterable<string>): string | undefined {
  let lowest: string | undefined
  for (const level of levels) {
    if (lowest === undefined || isAtLeast(lowest, level)) lowest = level
  }
  return lowest
}

/** A request of our own whose answer nobody waits for. */
export function tell (connection: Connection, method: string, params: JsonObject): void {
  connection.call({ method, params, timeoutMs: OWN_REQUEST_MS, maxTimeoutMs: OWN_REQUEST_MS, origin: undefined, onReply: () => undefined })
}
