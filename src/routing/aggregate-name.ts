import { createHash } from 'node:crypto'
import type { ServerName } from '../shared/ids.ts'

/** Longest aggregate name in characters: what model APIs accept as a tool name. */
const maxLength = 64

/** Characters of the readable part of a hashed name: 64 less `_` and 8 hexadecimal digits. */
const readableLength = maxLength - 9

/** Stands between server and name. No server name holds it or ends in `_`, so its first occurrence is the border. */
export const SEPARATOR = '__'

const outside = /[^A-Za-z0-9_-]/u
const allOutside = /[^A-Za-z0-9_-]/gu
const hashedForm = /_[0-9a-f]{8}$/

/**
 * The name under which a server's tool or prompt stands in the aggregate (rulings 5): `<server>__<name>`, or, where that
 * would hold a character outside `[A-Za-z0-9_-]` or be longer than 64, its first 55 sanitised characters, `_`, and 8
 * hexadecimal digits of SHA-256(server NUL name). Depends on nothing but its arguments.
 */
export function aggregateName (server: string, name: string): string {
  const plain = server + SEPARATOR + name
  if (plain.length <= maxLength && !outside.test(plain)) return plain
  const digest = createHash('sha256').update(`${server}\0${name}`).digest('hex').slice(0, 8)
  return `${plain.replace(allOutside, '_').slice(0, readableLength)}_${digest}`
}

/** The allowed server that an aggregate name begins with; undefined = none, hidden and unknown alike (T25). */
export function serverOfName (aggregate: string, allowed: readonly ServerName[]): ServerName | undefined {
  const border = aggregate.indexOf(SEPARATOR)
  if (border <= 0) return undefined
  const written = aggregate.slice(0, border)
  return allowed.find((server) => server === written)
}

/** Could this aggregate name be a hashed one? Only then can it stand for another name than the one it spells. */
export function looksHashed (aggregate: string): boolean {
  return hashedForm.test(aggregate)
}

/**
 * Which of two names of one server owns an aggregate name that both come to. A spelled-out name beats a hashed one (a
 * tool may literally be called like the hash of another), and of two hashed ones with equal digits the one that sorts
 * first wins: the same answer in whatever order they were seen. Names of different servers never meet, because every
 * aggregate name begins with its server and the separator.
 */
export function ownerOf (server: string, one: string, other: string, aggregate: string): string {
  const spelledOut = aggregate.slice(server.length + SEPARATOR.length)
  if (one === spelledOut || other === spelledOut) return spelledOut
  return one < other ? one : other
}
