import type { ToolChecks } from '../../bridge/index.ts'
import { BoundedMap } from '../../cache/index.ts'
import { isJsonObject } from '../../protocol/index.ts'
import type { ArgumentCheck, SchemaBook } from '../../schemas/index.ts'

/** Callers of servers whose tools are remembered; equal lists are one, so an entry is mostly its key. */
const BOUNDS = { maxEntries: 20_000, maxChars: 8_000_000, maxEntryChars: 500_000 }
/** What a tool counts for besides its name. */
const TOOL_CHARS = 40
/** Tools of one server whose arguments are checked; further ones go through. */
const MAX_TOOLS = 10_000

/**
 * The checks of tools, from the lists that were seen, for whoever shares a list (`KnownNames`): a worker key may be new, and its
 * user not. Nothing here is believed against a call before the connection has said it too.
 */
export class ToolBook {
  readonly #schemas: SchemaBook
  readonly #known = new BoundedMap<ToolChecks>(BOUNDS)
  /** Kept lists are given again and again. */
  readonly #ofItems = new WeakMap<readonly unknown[], ToolChecks>()
  /** The newest list of each server: most users are given the same. */
  readonly #newest = new Map<string, ToolChecks>()

  constructor (schemas: SchemaBook) {
    this.#schemas = schemas
  }

  /** Undefined = no list was seen, or it has changed since. */
  of (key: string): ToolChecks | undefined {
    return this.#known.get(key)
  }

  /** @param isWhole false: a page, or as much as the server gave */
  saw (key: string, server: string, items: readonly unknown[], isWhole: boolean): ToolChecks {
    const own = this.#read(items)
    const before = isWhole ? undefined : this.#known.get(key)
    const byName = before === undefined ? own.byName : new Map([...before.byName, ...own.byName])
    const checks = this.#shared(server, { byName, isWhole: (isWhole && own.isWhole) || before?.isWhole === true })
    const chars = [...byName.keys()].reduce((sum, name) => sum + name.length + TOOL_CHARS, key.length)
    this.#known.set(key, checks, chars)
    return checks
  }

  /** The same, remembered for nobody. */
  checksOf (server: string, items: readonly unknown[], isWhole: boolean): ToolChecks {
    const own = this.#read(items)
    return this.#shared(server, { byName: own.byName, isWhole: isWhole && own.isWhole })
  }

  changed (key: string): void {
    this.#known.delete(key)
  }

  /** The items' tools; not whole where there are more than are remembered. */
  #read (items: readonly unknown[]): ToolChecks {
    const known = this.#ofItems.get(items)
    if (known !== undefined) return known
    const byName = new Map<string, ArgumentCheck>()
    let isWhole = true
    for (const item of items) {
      const name = isJsonObject(item) ? item['name'] : undefined
      if (typeof name !== 'string') continue
      if (byName.size >= MAX_TOOLS) {
        isWhole = false
        break
      }
      // A tool without a schema, or with one that is none, is known, and takes whatever it is given.
      const check = this.#schemas.of((item as { readonly inputSchema?: unknown }).inputSchema) ?? this.#schemas.of({})
      if (check !== undefined) byName.set(name, check)
    }
    const read = { byName, isWhole }
    this.#ofItems.set(items, read)
    return read
  }

  #shared (server: string, checks: ToolChecks): ToolChecks {
    const newest = this.#newest.get(server)
    if (newest !== undefined && isSame(newest, checks)) return newest
    this.#newest.set(server, checks)
    return checks
  }
}

function isSame (one: ToolChecks, other: ToolChecks): boolean {
  if (one.isWhole !== other.isWhole || one.byName.size !== other.byName.size) return false
  for (const [name, check] of one.byName) if (other.byName.get(name) !== check) return false
  return true
}
