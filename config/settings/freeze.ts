import { createHash } from 'node:crypto'

/** A map that nobody can change once it is made; `Object.freeze` alone leaves `set` working. */
class FrozenMap<K, V> extends Map<K, V> {
  #sealed = false

  constructor (entries: Iterable<readonly [K, V]>) {
    super(entries)
    this.#sealed = true
  }

  override set (key: K, value: V): this {
    // the Map constructor itself calls set, before the field above exists
    if (#sealed in this && this.#sealed) throw new TypeError('settings are frozen')
    return super.set(key, value)
  }

  override delete (): boolean {
    throw new TypeError('settings are frozen')
  }

  override clear (): void {
    throw new TypeError('settings are frozen')
  }
}

/** Freezes a value and everything in it, maps included. */
export function deepFreeze<T> (value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const inner: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value)
  for (const member of inner) deepFreeze(member)
  return Object.freeze(value)
}

/** A map for frozen settings. */
export function frozenMap<K, V> (entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return new FrozenMap(entries)
}

/** SHA-256 hex over a value written with its keys in order, so that the order in a file does not matter. */
export function hashOf (value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}

function canonical (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined).sort(([a], [b]) => a < b ? -1 : 1)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
}
