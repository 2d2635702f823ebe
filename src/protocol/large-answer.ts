import { isUtf8 } from 'node:buffer'
import { readJson } from '../shared/read-json.ts'
import { ownerOf } from './byte-owner.ts'
import { isJsonObject } from './classify.ts'
import { hollowText, LARGE_MEMBER_BYTES, type Hole } from './hollow.ts'
import { isJson } from './json-check.ts'
import type { JsonObject } from './message.ts'
import { setRaw } from './raw-members.ts'
import { CLOSE_OBJECT, closingQuote, COLON, COMMA, enter, nextByte, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipValue } from './scan-cursor.ts'
import type { Cursor } from './scan-cursor.ts'

/** Members of results that may be large and that mostly nobody looks at, and the container that each of them is. */
const RAW_MEMBERS: ReadonlyMap<string, number> = new Map([['content', OPEN_ARRAY], ['structuredContent', OPEN_OBJECT], ['contents', OPEN_ARRAY], ['messages', OPEN_ARRAY]])

/** What an object's members were found to be. */
type MemberSeen = (key: string, cursor: Cursor) => boolean

/**
 * A server's answer with the large members of its result as bytes, which are checked but not parsed; the bytes belong to the
 * answer then. Undefined when nothing in it is large, and when it is anything but a plain answer on one line: JSON.parse has
 * to say what that is. Never throws.
 * @param line UTF-8 or not; without its line feed
 */
export function readLargeAnswer (line: Buffer): JsonObject | undefined {
  const holes = holesIn(line)
  if (holes === undefined || holes.length === 0 || !isUtf8(line)) return undefined
  for (const { start, end } of holes) if (!isJson(line, start, end)) return undefined
  const message = parsed(hollowText(line, 0, line.length, holes))
  const result = isJsonObject(message) ? message['result'] : undefined
  if (!isJsonObject(message) || !isJsonObject(result)) return undefined
  const owner = ownerOf(line)
  for (const { key, start, end } of holes) setRaw(result, { key, bytes: line.subarray(start, end), owner })
  return message
}

function parsed (text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}

/** The large members of the one result; undefined when there is any doubt about what JSON.parse would see. */
function holesIn (line: Buffer): readonly Hole[] | undefined {
  const cursor: Cursor = { bytes: line, at: 0, depth: 0, keys: 0, maxKeys: Infinity, sawControl: false, fault: undefined }
  const holes: Hole[] = []
  let results = 0
  const isAnswer = nextByte(cursor) === OPEN_OBJECT && eachMember(cursor, (key) => {
    if (key === 'method') return false
    if (key !== 'result' || cursor.bytes[cursor.at] !== OPEN_OBJECT) return skipValue(cursor)
    return ++results === 1 && eachMember(cursor, resultMembers(holes))
  })
  return isAnswer && !cursor.sawControl ? holes : undefined
}

function resultMembers (holes: Hole[]): MemberSeen {
  let seen = ''
  return (key, cursor) => {
    const start = cursor.at
    if (!skipValue(cursor)) return false
    const container = RAW_MEMBERS.get(key)
    if (container === undefined) return true
    // JSON.parse takes the last of two; which one that is shall be its business.
    if (seen.includes(`,${key},`)) return false
    seen += `,${key},`
    if (cursor.bytes[start] === container && cursor.at - start >= LARGE_MEMBER_BYTES) holes.push({ key, start, end: cursor.at })
    return true
  }
}

/** Goes over the members of the object at the cursor; `seen` moves over each value. */
function eachMember (cursor: Cursor, seen: MemberSeen): boolean {
  if (!enter(cursor)) return false
  for (let byte = nextByte(cursor); byte !== CLOSE_OBJECT; byte = nextByte(cursor)) {
    const key = byte === QUOTE ? plainKey(cursor) : undefined
    if (key === undefined || nextByte(cursor) !== COLON) return false
    cursor.at++
    if (nextByte(cursor) === -1 || !seen(key, cursor)) return false
    const after = nextByte(cursor)
    if (after === CLOSE_OBJECT) break
    if (after !== COMMA) return false
    cursor.at++
  }
  cursor.at++
  cursor.depth--
  return true
}

/** The key at the cursor; undefined when it is spelled with escapes. */
function plainKey (cursor: Cursor): string | undefined {
  const start = cursor.at + 1
  const end = closingQuote(cursor.bytes, start)
  if (end === -1) return undefined
  cursor.at = end + 1
  const key = cursor.bytes.toString('utf8', start, end)
  return key.includes('\\') ? undefined : key
}
