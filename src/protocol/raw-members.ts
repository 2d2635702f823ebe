import { readJson } from '../shared/read-json.ts'
import type { ByteOwner } from './byte-owner.ts'
import type { JsonObject } from './message.ts'
import { noteRepeated } from './repeated-members.ts'

/** A member whose value is the bytes it came as: one JSON value, checked, and one line to every reader. */
export interface RawMember {
  readonly key: string
  readonly bytes: Buffer
  /** Who frees them; undefined = the collector. */
  readonly owner: ByteOwner | undefined
  /** How many members its objects say, at all depths. Absent = nobody will ask. */
  readonly said?: number
}

const RAW = Symbol('raw members')

/** An object some of whose members are bytes. The symbol is not enumerable, so that `{ ...object }` has values only. */
interface HoldsRaw { [RAW]?: readonly RawMember[] }

const NONE: readonly RawMember[] = []
const NO_OWNERS: readonly ByteOwner[] = []

/** The members that are bytes still; mostly none. */
export function rawMembers (object: object): readonly RawMember[] {
  return (object as HoldsRaw)[RAW] ?? NONE
}

/** The bytes of a member; undefined when it is none, or a value. */
export function rawMember (object: object, key: string): Buffer | undefined {
  return find(object, key)?.bytes
}

/** How many members the bytes of a member say; undefined when it is none, or a value. */
export function membersSaid (object: object, key: string): number | undefined {
  return find(object, key)?.said
}

function find (object: object, key: string): RawMember | undefined {
  for (const member of rawMembers(object)) if (member.key === key) return member
  return undefined
}

/** Those who free the bytes of an object's members, each once. */
export function ownersIn (object: object): readonly ByteOwner[] {
  const members = rawMembers(object)
  if (members.length === 0) return NO_OWNERS
  const owners: ByteOwner[] = []
  for (const { owner } of members) if (owner !== undefined && !owners.includes(owner)) owners.push(owner)
  return owners
}

/**
 * Makes a member of bytes. Whoever reads it gets its value, parsed then, and has made an ordinary member of it: what was looked
 * at is sent on as it was seen, and never in a spelling that another parser could read differently (T34, T35). So nothing but
 * speed depends on nobody reading it.
 */
export function setRaw (object: JsonObject, member: RawMember): void {
  const { key, bytes } = member
  setRawMembers(object, [...rawMembers(object).filter((other) => other.key !== key), member])
  Object.defineProperty(object, key, {
    configurable: true,
    enumerable: true,
    get: () => {
      const value: unknown = readJson(bytes.toString())
      if (member.said !== undefined) noteRepeated(value, member.said)
      setRawMembers(object, rawMembers(object).filter((member) => member.key !== key))
      set(object, key, value)
      return value
    }
  })
}

function setRawMembers (object: JsonObject, members: readonly RawMember[]): void {
  Object.defineProperty(object, RAW, { configurable: true, enumerable: false, value: members })
}

/** Not by assignment, which would make a prototype of `__proto__` (T36). */
function set (object: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(object, key, { configurable: true, enumerable: true, writable: true, value })
}

/**
 * `{ ...object, [key]: value }`, where bytes stay bytes.
 * @param key one of ours, never `__proto__`
 */
export function withMember (object: JsonObject | undefined, key: string, value: unknown): JsonObject {
  if (object === undefined || rawMembers(object).length === 0) {
    // Assigned, because a computed key of a literal takes the engine's slow way.
    const copy: JsonObject = { ...object }
    copy[key] = value
    return copy
  }
  const copy = copyOf(object, [])
  if (rawMember(copy, key) !== undefined) setRawMembers(copy, rawMembers(copy).filter((member) => member.key !== key))
  set(copy, key, value)
  return copy
}

/** A copy without some members, where bytes stay bytes. */
export function withoutMembers (object: JsonObject, keys: readonly string[]): JsonObject {
  return copyOf(object, keys)
}

function copyOf (object: JsonObject, without: readonly string[]): JsonObject {
  const copy: JsonObject = {}
  for (const key of Object.keys(object)) {
    if (without.includes(key)) continue
    const member = find(object, key)
    if (member !== undefined) setRaw(copy, member)
    else if (key === '__proto__') set(copy, key, object[key])
    else copy[key] = object[key]
  }
  return copy
}
