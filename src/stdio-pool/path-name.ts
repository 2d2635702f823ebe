import { createHash } from 'node:crypto'

/** Readable names longer than this are hashed: with a 64-character file name beside it, a segment stays under 255 bytes. */
const MAX_READABLE_CHARS = 48
/** 160 bits of SHA-256: the names are chosen by other people, so collisions must be out of reach of a search. */
const HASH_CHARS = 40
/** What stays of an unreadable name, for the operator who looks at the directory. */
const PREFIX_CHARS = 24

/** Lower case only (Alice and alice are one file on macOS), no leading dash or dot, no trailing dot. */
const READABLE = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?$/
/** The form of a hashed name. A name that looks like one is itself hashed, so that none can be taken on purpose. */
const LOOKS_HASHED = new RegExp(`-[0-9a-f]{${HASH_CHARS}}$`)

/**
 * The file name that stands for an identity: the last part itself if it is a plain lower-case name and `readable` is
 * allowed, else `<sanitised>-<hash of all parts>`. Injective over the parts, case-insensitive file systems included;
 * never empty, `.`, `..`, nor starting with a dash (T43).
 */
export function pathName (parts: readonly string[], readable: boolean): string {
  const name = parts.at(-1) ?? ''
  if (readable && isReadable(name)) return name
  return `${sanitised(name)}-${hashOf(parts)}`
}

function isReadable (name: string): boolean {
  return name.length <= MAX_READABLE_CHARS && READABLE.test(name) && !LOOKS_HASHED.test(name)
}

function sanitised (name: string): string {
  const plain = name.slice(0, 4 * PREFIX_CHARS).toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, PREFIX_CHARS)
  return plain.replace(/^-|-$/g, '') || 'id'
}

/** JSON keeps the parts apart and escapes lone surrogates, which UTF-8 would make all the same. */
function hashOf (parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HASH_CHARS)
}
