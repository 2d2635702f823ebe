import { createHash, type Hash } from 'node:crypto'
import type { Relay } from '../../bridge/index.ts'
import { isJsonObject, type JsonObject } from '../../protocol/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Connection } from '../../upstream/index.ts'
import { askServer } from '../one-shot.ts'
import type { ListMethod } from './list-method.ts'
import { isPublic, isVouched, shortestTtl, ttlOf } from './ttl.ts'

/** Pages of one list that are read at most: a server that never ends its list ends here. */
const MAX_PAGES = 200
/** What of one server's list is taken at most, in characters of JSON: a hundred times what the largest real servers list (T39). */
const MAX_LIST_CHARS = 10_000_000

/** JSON-RPC 2.0 5.1 */
const METHOD_NOT_FOUND = -32601

/** What one server listed, all pages together, nothing hidden yet. */
export interface ServerList {
  readonly items: readonly unknown[]
  /** Length of the items as JSON. */
  readonly chars: number
  /** Equal for equal lists. */
  readonly digest: string
  /** False: there is more, which the server did not give, or not within bounds. */
  readonly isWhole: boolean
  /** The server's own time, at most 300 000 (T23); undefined = it gave none. */
  readonly ttlMs: number | undefined
  /** The server gave a time, or tells of changes. */
  readonly isVouched: boolean
  /** The server says of every page that it depends on nobody in particular (MCP 2026-07-28 caching). */
  readonly isPublic: boolean
}

/** The list of a server that offers none. */
export const NO_LIST: ServerList = { items: [], chars: 0, digest: createHash('sha256').digest('base64url'), isWhole: true, ttlMs: undefined, isVouched: false, isPublic: false }

/** All pages of a server's list, within bounds of number, length and the server's own `timeoutMs`. Undefined: it is down, or does not give it. Never rejects. */
export async function readServerList (relay: Relay, server: ServerSettings, list: ListMethod, nowMs: () => number): Promise<ServerList | undefined> {
  const offered = await offers(relay, list.capability)
  if (offered !== true) return offered === false ? NO_LIST : undefined
  const pages = new Pages(server, list)
  const { place } = relay
  const endMs = nowMs() + server.timeoutMs
  let cursor: string | undefined
  for (let leftMs = server.timeoutMs; leftMs > 0 && pages.count < MAX_PAGES; leftMs = endMs - nowMs()) {
    const reply = await askServer(relay, list.method, cursor === undefined ? undefined : { cursor }, leftMs)
    // Many servers have resources and no templates.
    if (reply.error?.code === METHOD_NOT_FOUND) return NO_LIST
    if (!isJsonObject(reply.result) || !pages.add(reply.result, place.connection)) break
    const next = reply.result['nextCursor']
    // A cursor that leads nowhere new ends the list, as for clients that take the empty one for none.
    if (typeof next !== 'string' || next === '' || next === cursor) return pages.list(true, place.connection)
    cursor = next
  }
  return pages.count === 0 ? undefined : pages.list(false, place.connection)
}

class Pages {
  readonly #server: ServerSettings
  readonly #list: ListMethod
  readonly #items: unknown[] = []
  readonly #hash: Hash = createHash('sha256')
  readonly #ttls: Array<number | undefined> = []
  #chars = 0
  #isPublic = true
  count = 0

  constructor (server: ServerSettings, list: ListMethod) {
    this.#server = server
    this.#list = list
  }

  /** False: it was too much, and was not taken. */
  add (page: JsonObject, connection: Connection | undefined): boolean {
    this.count++
    this.#ttls.push(ttlOf(connection, page))
    if (!isPublic(connection, page)) this.#isPublic = false
    const part = page[this.#list.member]
    if (!Array.isArray(part)) return true
    const text = textOf(part)
    if (text === undefined || this.#chars + text.length > MAX_LIST_CHARS) return false
    this.#chars += text.length
    this.#hash.update(text)
    // Not spread: a page may hold more items than a call takes arguments.
    for (const item of part) this.#items.push(item)
    return true
  }

  list (isWhole: boolean, connection: Connection | undefined): ServerList {
    const ttlMs = shortestTtl(this.#ttls)
    return { items: this.#items, chars: this.#chars, digest: this.#hash.digest('base64url'), isWhole, ttlMs, isVouched: isVouched(connection, this.#server, this.#list, ttlMs), isPublic: this.#isPublic }
  }
}

/** Undefined: JSON cannot express it again (nested beyond the stack), and it would take every other server's list with it. */
function textOf (part: readonly unknown[]): string | undefined {
  try {
    return JSON.stringify(part)
  } catch {
    return undefined
  }
}

/** Undefined: it cannot be started. */
async function offers (relay: Relay, capability: string): Promise<boolean | undefined> {
  try {
    const { capabilities } = (await relay.connection()).initializeResult
    return isJsonObject(capabilities) && isJsonObject(capabilities[capability])
  } catch {
    return undefined
  }
}
