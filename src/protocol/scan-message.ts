import { ARGUMENTS_BIT, ENVELOPE, foldKey, ID_BIT, PARAMS, PARAMS_BIT, plainMemberBit } from './members.ts'
import type { Level } from './members.ts'
import { CLOSE_OBJECT, closingQuote, COLON, COMMA, countKey, enter, fail, nextByte, OPEN_OBJECT, QUOTE, skipValue } from './scan-cursor.ts'
import type { Cursor } from './scan-cursor.ts'

/** Where `id`, `params` and `params.arguments` stand in the body: byte offsets, end exclusive, -1 when the message has none; and how many members the arguments say, at all depths. */
export interface MessageRanges {
  idStart: number
  idEnd: number
  paramsStart: number
  paramsEnd: number
  argumentsStart: number
  argumentsEnd: number
  argumentsMembers: number
}

/** Members of one object so far. */
interface Seen {
  /** Bits of known members. */
  known: number
  /** Folded names of the others; most messages have none. */
  others: Set<string> | undefined
}

/** Longest key in characters that is folded: the longest known member has 41, and a longer key cannot be a variant of it. */
const longestFold = 256

// eslint-disable-next-line no-control-regex -- exactly these are meant
const controlCharacter = /[\u0000-\u001f\u007f]/

/** Refuses a key; a doubtful key beside `id` puts the id in doubt too. */
function refuseKey (cursor: Cursor, level: Level, what: 'duplicate' | 'disguised' | 'prototype'): -1 {
  fail(cursor, level === ENVELOPE ? 'envelope' : 'shape', `${what} member in ${level.label}`)
  return -1
}

function malformed (cursor: Cursor): -1 {
  fail(cursor, 'syntax', 'malformed object')
  return -1
}

/** A key that is not a known member in plain spelling. Returns the bit of an escaped member, 0 for a stranger, -1 when refused. */
function strangeKey (cursor: Cursor, level: Level, seen: Seen, start: number, end: number): number {
  let key = cursor.bytes.toString('utf8', start, end)
  if (key.includes('\\')) {
    try {
      key = JSON.parse(`"${key}"`) as string
    } catch {
      return malformed(cursor)
    }
  }
  const folded = key.length > longestFold ? key : foldKey(key)
  const member = level.byFold.get(folded)
  if (member?.name === key) return member.bit
  if (member !== undefined || controlCharacter.test(key)) return refuseKey(cursor, level, 'disguised')
  if (key === '__proto__' || key === 'constructor') return refuseKey(cursor, level, 'prototype')
  seen.others ??= new Set()
  const before = seen.others.size
  return seen.others.add(folded).size > before ? 0 : refuseKey(cursor, level, 'duplicate')
}

/** Reads one key and its colon. Returns its bit, 0 for a stranger, -1 when refused. */
function scanKey (cursor: Cursor, level: Level, seen: Seen): number {
  const start = cursor.at + 1
  const end = cursor.bytes[cursor.at] === QUOTE ? closingQuote(cursor.bytes, start) : -1
  if (end === -1) return malformed(cursor)
  if (!countKey(cursor)) return -1
  cursor.at = end + 1
  const bit = plainMemberBit(level, cursor.bytes, start, end) || strangeKey(cursor, level, seen, start, end)
  if (bit === -1) return -1
  if ((seen.known & bit) !== 0) return refuseKey(cursor, level, 'duplicate')
  seen.known |= bit
  if (nextByte(cursor) !== COLON) return malformed(cursor)
  cursor.at++
  return bit
}

/** Scans the value of a member, going into the next inspected level where it is an object. */
function scanMember (cursor: Cursor, level: Level, bit: number, ranges: MessageRanges): boolean {
  const isLevel = nextByte(cursor) === OPEN_OBJECT && bit !== 0 && bit === level.innerBit && level.inner !== undefined
  const start = cursor.at
  const membersBefore = cursor.keys
  if (!(isLevel ? scanLevel(cursor, level.inner as Level, ranges) : skipValue(cursor))) return false
  if (level === ENVELOPE) noteMember(cursor, bit, ranges, start)
  else if (level === PARAMS && bit === ARGUMENTS_BIT) {
    ranges.argumentsStart = start
    ranges.argumentsEnd = cursor.at
    ranges.argumentsMembers = cursor.keys - membersBefore
  }
  return true
}

function noteMember (cursor: Cursor, bit: number, ranges: MessageRanges, start: number): void {
  if (bit === ID_BIT) {
    ranges.idStart = start
    ranges.idEnd = cursor.at
  } else if (bit === PARAMS_BIT) {
    ranges.paramsStart = start
    ranges.paramsEnd = cursor.at
  }
}

/** Scans an object whose members are inspected; recursion ends after the three levels. */
function scanLevel (cursor: Cursor, level: Level, ranges: MessageRanges): boolean {
  if (!enter(cursor)) return false
  const seen: Seen = { known: 0, others: undefined }
  let byte = nextByte(cursor)
  while (byte !== CLOSE_OBJECT) {
    const bit = scanKey(cursor, level, seen)
    if (bit === -1 || !scanMember(cursor, level, bit, ranges)) return false
    byte = nextByte(cursor)
    if (byte === CLOSE_OBJECT) break
    if (byte !== COMMA) return fail(cursor, 'syntax', 'malformed object')
    cursor.at++
    byte = nextByte(cursor)
    if (byte === CLOSE_OBJECT) return fail(cursor, 'syntax', 'malformed object')
  }
  cursor.at++
  cursor.depth--
  return true
}

/** Scans the message object at the cursor and fills in its ranges as far as it comes. False: see `cursor.fault`. */
export function scanMessage (cursor: Cursor, ranges: MessageRanges): boolean {
  return scanLevel(cursor, ENVELOPE, ranges)
}

/** Ranges of a message that has none of them. */
export function noRanges (): MessageRanges {
  return { idStart: -1, idEnd: -1, paramsStart: -1, paramsEnd: -1, argumentsStart: -1, argumentsEnd: -1, argumentsMembers: 0 }
}
