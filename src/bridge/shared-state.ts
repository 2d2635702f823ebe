import { isAtLeast, isJsonObject, type JsonObject } from '../protocol/index.ts'
import type { Session } from '../session/index.ts'
import type { Connection } from '../upstream/index.ts'

/** How long the gateway's own requests may take. Nobody waits for their answers. */
const OWN_REQUEST_MS = 10_000
/** Resources that one session may watch on one server, and how long their URIs may be: both are kept for as long as it lives. */
const MAX_SUBSCRIPTIONS = 1000
const MAX_URI_CHARS = 4096

/**
 * What is set once per connection while several sessions use it (protocol revisions before 2026-07-28): the log level and
 * the subscriptions. Kept here per session, so that a new worker can be told again and the last one who leaves ends it.
 */
export class SharedState {
  readonly #subscribers = new Map<string, Set<Session>>()
  readonly #subscriptions = new Map<Session, Set<string>>()
  readonly #levels = new Map<Session, string>()
  #sentLevel: string | undefined

  /** A new worker knows nothing yet. */
  restore (connection: Connection): void {
    this.#sentLevel = undefined
    this.#sendLevel(connection)
    for (const uri of this.#subscribers.keys()) tell(connection, 'resources/subscribe', { uri })
  }

  setLevel (session: Session, level: string, connection: Connection | undefined): void {
    this.#levels.set(session, level)
    this.#sendLevel(connection)
  }

  /** A shared connection runs at the most verbose level any of its sessions asked for; each session filters its own. */
  #sendLevel (connection: Connection | undefined): void {
    const wanted = mostVerbose(this.#levels.values())
    if (wanted === undefined || wanted === this.#sentLevel || connection?.open !== true || !isJsonObject(capabilitiesOf(connection)['logging'])) return
    this.#sentLevel = wanted
    tell(connection, 'logging/setLevel', { level: wanted })
  }

  /** False: the session watches as much as it may. */
  subscribe (session: Session, uri: string): boolean {
    const own = this.#subscriptions.get(session) ?? new Set()
    if (uri.length > MAX_URI_CHARS || (own.size >= MAX_SUBSCRIPTIONS && !own.has(uri))) return false
    this.#subscriptions.set(session, own.add(uri))
    const subscribers = this.#subscribers.get(uri)
    if (subscribers === undefined) this.#subscribers.set(uri, new Set([session]))
    else subscribers.add(session)
    return true
  }

  /** The server is told when nobody is left. */
  unsubscribe (session: Session, uri: string, connection: Connection | undefined): void {
    this.#subscriptions.get(session)?.delete(uri)
    const subscribers = this.#subscribers.get(uri)
    if (subscribers?.delete(session) !== true || subscribers.size > 0) return
    this.#subscribers.delete(uri)
    if (connection?.open === true) tell(connection, 'resources/unsubscribe', { uri })
  }

  forget (session: Session, connection: Connection | undefined): void {
    this.#levels.delete(session)
    for (const uri of [...this.#subscriptions.get(session) ?? []]) this.unsubscribe(session, uri, connection)
    this.#subscriptions.delete(session)
  }

  /** Who wants to hear of this resource. A server may report a part of what was subscribed to (MCP resources), so what lies below it counts. */
  * subscribersOf (uri: string): Generator<Session> {
    for (const [subscribed, sessions] of this.#subscribers) {
      if (uri === subscribed || uri.startsWith(subscribed.endsWith('/') ? subscribed : `${subscribed}/`)) yield * sessions
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

/** What a server said it has, as an object. */
export function capabilitiesOf (connection: Connection): JsonObject {
  const capabilities = connection.initializeResult['capabilities']
  return isJsonObject(capabilities) ? capabilities : {}
}

/** A request of our own whose answer nobody waits for. */
function tell (connection: Connection, method: string, params: JsonObject): void {
  connection.call({ method, params, timeoutMs: OWN_REQUEST_MS, maxTimeoutMs: OWN_REQUEST_MS, origin: undefined, onReply: () => undefined })
}
