import { MAX_FIELD_CHARS, safeText } from './safe-text.ts'
import type { AuditRecord } from './types.ts'

/** Most texts of one kind remembered as they are written: callers, servers and tools repeat from line to line. */
const MAX_REMEMBERED = 2000

type Text = string | undefined

/**
 * What an audit line says of a record (R18): who, what, where, how it ended, how long it took; never arguments, results or
 * credentials. Names are those of every other log line, so that one query follows a request; what is not set is not there.
 * The result is the members of a JSON object, at least one, without its braces, and safe to write (T58). Text at once rather
 * than an object for JSON.stringify: every call has a line, and most of it was in one before.
 */
export function createAuditText (): (entry: AuditRecord) => string {
  const who = createMembers('tenant', 'user', 'credential_id')
  const tool = createMembers('server', 'method', 'tool')
  const other = createMembers('server', 'method', 'name')
  const why = createMembers('code', 'reason', 'remote_address')
  return (entry) => {
    const id = entry.requestId === undefined ? '' : `,"request_id":${JSON.stringify(entry.requestId)}`
    const what = (entry.method === 'tools/call' ? tool : other)(entry.server, entry.method, entry.name)
    const hash = entry.argumentsHash === undefined ? '' : `,"arguments_hash":${JSON.stringify(entry.argumentsHash)}`
    const status = entry.httpStatus === undefined ? '' : `,"status":${entry.httpStatus}`
    const duration = entry.durationMs === undefined ? '' : `,"duration_ms":${thousandths(entry.durationMs)}`
    const because = why(entry.code, entry.reason, entry.remoteAddress)
    return `"audit":"${entry.event}"${id}${who(entry.tenant, entry.user, entry.credentialId)}${what}${hash},"outcome":"${entry.outcome}"${because}${status}${duration}`
  }
}

interface Remembered { readonly first: Text, readonly second: Text, readonly members: string }

/** Writes three members, made safe, each after a comma; found again by the third, which tells most about the others. */
function createMembers (...[first, second, third]: readonly [string, string, string]): (first: Text, second: Text, third: Text) => string {
  const remembered = new Map<Text, Remembered>()
  return (a, b, c) => {
    const known = remembered.get(c)
    if (known !== undefined && known.first === a && known.second === b) return known.members
    const members = member(first, a) + member(second, b) + member(third, c)
    if (isLong(a) || isLong(b) || isLong(c)) return members
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(c, { first: a, second: b, members })
    return members
  }
}

const member = (name: string, value: Text): string => value === undefined ? '' : `,"${name}":${JSON.stringify(safeText(value))}`

const isLong = (value: Text): boolean => value !== undefined && value.length > MAX_FIELD_CHARS

/** A time to three decimals, as JSON writes the number. Whole numbers: the shortest digits of a fraction take V8 as long as the rest of the line. */
function thousandths (ms: number): string {
  if (!Number.isFinite(ms)) return 'null'
  const all = Math.round(ms * 1000)
  const rest = all % 1000
  if (rest === 0 || all < 0 || all > 1e12) return String(all / 1000)
  const whole = (all - rest) / 1000
  if (rest % 100 === 0) return `${whole}.${rest / 100}`
  if (rest % 10 === 0) return `${whole}.${rest < 100 ? '0' : ''}${rest / 10}`
  return `${whole}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}
