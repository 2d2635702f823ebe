import { BoundedMap } from '../../cache/index.ts'
import type { ToolChecks } from '../../bridge/index.ts'
import { identityOf, isAppOnly, type NameIndex } from '../../routing/index.ts'
import type { TenantId, UserId } from '../../shared/ids.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { ToolBook } from '../arguments/tool-book.ts'
import { TOOLS, type ListMethod } from './list-method.ts'

/** Whose list it is, as far as it matters. */
export interface ListUser { readonly tenant: TenantId, readonly user: UserId }

interface Known {
  readonly appOnly: ReadonlySet<string>
  /** The server did not say everything; it is asked again after this. Undefined = it did. */
  readonly retryAtMs: number | undefined
  /** What it counts for. */
  readonly chars: number
}

/** Of one list, this many characters of app-only names are remembered; further ones are not kept off the aggregate's calls. */
const MAX_NAME_CHARS = 200_000
/** Users of servers that are remembered. */
const BOUNDS = { maxEntries: 10_000, maxChars: 8_000_000, maxEntryChars: 2 * MAX_NAME_CHARS }
/** A server that did not give its list is not asked before every call. */
const RETRY_MS = 30_000
/** What an entry counts for beside its names. */
const ENTRY_CHARS = 100
const NOTHING: Known = { appOnly: new Set(), retryAtMs: 0, chars: ENTRY_CHARS }

/**
 * What has been seen of each server's lists, per user as far as its isolation tells users apart: a worker of one user must
 * not decide what another may call. Forgotten things are learned again (learn.ts).
 */
export class KnownNames {
  readonly #names: NameIndex
  readonly #nowMs: () => number
  readonly #tools: ToolBook
  readonly #known = new BoundedMap<Known>(BOUNDS)

  /**
   * @param names told of every name that the aggregate may have to shorten
   * @param tools told of every tool that is listed
   */
  constructor (names: NameIndex, tools: ToolBook, nowMs: () => number) {
    this.#names = names
    this.#tools = tools
    this.#nowMs = nowMs
  }

  /** Has this list been seen, or did the server refuse it a moment ago? */
  has (server: ServerSettings, who: ListUser, { method }: ListMethod): boolean {
    return this.#isSettled(this.#known.get(keyOf(server, who, method)))
  }

  /**
   * Does the server want this tool to be called by its own app alone (MCP Apps)? Undefined = no list has said so far. For each
   * call: reads, and keeps nothing.
   */
  isAppOnly (server: ServerSettings, who: ListUser, tool: string): boolean | undefined {
    const known = this.#known.get(keyOf(server, who, TOOLS.method))
    if (known?.appOnly.has(tool) === true) return true
    return this.#isSettled(known) ? false : undefined
  }

  #isSettled (known: Known | undefined): boolean {
    return known !== undefined && (known.retryAtMs === undefined || this.#nowMs() < known.retryAtMs)
  }

  /** The tools that were listed to this user, if any list was seen. */
  tools (server: ServerSettings, who: ListUser): ToolChecks | undefined {
    return this.#tools.of(keyOf(server, who, TOOLS.method))
  }

  /** A list's tools, remembered for nobody. */
  checksOf (server: ServerSettings, items: readonly unknown[], isWhole: boolean): ToolChecks {
    return this.#tools.checksOf(server.name, items, isWhole)
  }

  /** One page of a list, as it came; the only one, or one of several. */
  sawPage (server: ServerSettings, who: ListUser, { kind, method }: ListMethod, items: readonly unknown[], isWhole: boolean): void {
    if (kind === 'tool' && server.validateArguments !== false) this.#tools.saw(keyOf(server, who, method), server.name, items, isWhole)
  }

  /** The server's list, or as much of it as it gave. */
  saw (server: ServerSettings, who: ListUser, list: ListMethod, items: readonly unknown[], isWhole: boolean): void {
    if (list.kind === 'resource') return
    this.sawPage(server, who, list, items, isWhole)
    const appOnly = new Set<string>()
    const seen = new Set<string>()
    let chars = ENTRY_CHARS
    for (const item of items) {
      const name = identityOf(list.member, item)
      if (name === undefined || seen.has(name)) continue
      seen.add(name)
      this.#names.learn(server.name, name)
      if (list.kind !== 'tool' || !isAppOnly(item) || chars + name.length > MAX_NAME_CHARS) continue
      appOnly.add(name)
      chars += name.length
    }
    this.#known.set(keyOf(server, who, list.method), { appOnly, retryAtMs: isWhole ? undefined : this.#nowMs() + RETRY_MS, chars }, chars)
  }

  /** The server did not give it. What was seen before holds. */
  missed (server: ServerSettings, who: ListUser, { method, kind }: ListMethod): void {
    if (kind === 'resource') return
    const key = keyOf(server, who, method)
    const { appOnly, retryAtMs, chars } = this.#known.get(key) ?? NOTHING
    if (retryAtMs !== undefined) this.#known.set(key, { appOnly, retryAtMs: this.#nowMs() + RETRY_MS, chars }, chars)
  }

  /** It has changed: what is new in it has to be learned before it is called. */
  changed (server: ServerSettings, who: ListUser, { method }: ListMethod): void {
    const key = keyOf(server, who, method)
    this.#known.delete(key)
    this.#tools.changed(key)
  }
}

/** Server names and hashes hold no line breaks; a tenant's name may, so its length stands before it (T19). */
function keyOf (server: ServerSettings, { tenant, user }: ListUser, method: string): string {
  const head = `${method}\n${server.name}\n${server.entryHash}`
  switch (server.isolation) {
    case 'shared': return head
    case 'tenant': return `${head}\n${tenant}`
    case 'user':
    case 'session':
    case 'call': return `${head}\n${tenant.length} ${tenant}${user}`
  }
}
