import { MAX_DEPTH } from './limits.ts'

/**
 * Why a scan ended early. `syntax`: not JSON; `shape`: JSON that is refused; `envelope`: the same, and the doubt is
 * about the members beside `id`, so that no id may be echoed; `batch`: too many messages.
 */
export interface ScanFault {
  readonly kind: 'syntax' | 'shape' | 'envelope' | 'batch'
  /** From a closed set; for the log. */
  readonly reason: string
}

/**
 * A place in the bytes of one body. The scan does not validate: numbers, literals, escapes and the order of brackets
 * are left to JSON.parse, which runs after it. It only promises that on valid JSON it sees what JSON.parse sees.
 */
export interface Cursor {
  readonly bytes: Buffer
  at: number
  /** Containers open around `at`. */
  depth: number
  /** Object members so far. */
  keys: number
  /** Most of them that are let pass: MAX_KEYS in what a client sends. */
  readonly maxKeys: number
  /** A byte below 0x20 stood outside strings. */
  sawControl: boolean
  fault: ScanFault | undefined
}

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
const BACKSLASH = 0x5c
const SPACE = 0x20
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** What a byte outside strings means to {@link skipContainer}. */
const KIND = { plain: 0, open: 1, close: 2, colon: 3, quote: 4, control: 5 } as const

const kindOf = new Uint8Array(256)
kindOf.fill(KIND.control, 0, SPACE)
kindOf[OPEN_ARRAY] = kindOf[OPEN_OBJECT] = KIND.open
kindOf[CLOSE_ARRAY] = kindOf[CLOSE_OBJECT] = KIND.close
kindOf[COLON] = KIND.colon
kindOf[QUOTE] = KIND.quote

/** Notes why the scan ends here; returns false so that callers can `return fail(…)`. */
export function fail (cursor: Cursor, kind: ScanFault['kind'], reason: string): false {
  cursor.fault ??= { kind, reason }
  return false
}

/** Counts one object member. */
export function countKey (cursor: Cursor): boolean {
  return ++cursor.keys <= cursor.maxKeys || fail(cursor, 'shape', 'too many members')
}

/** Enters a container. */
export function enter (cursor: Cursor): boolean {
  cursor.at++
  return ++cursor.depth <= MAX_DEPTH || fail(cursor, 'shape', 'nested too deeply')
}

/** Moves over white space and returns the byte there, or -1 at the end. */
export function nextByte (cursor: Cursor): number {
  const bytes = cursor.bytes
  while (cursor.at < bytes.length) {
    const byte = bytes[cursor.at] as number
    if (byte !== SPACE) {
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return byte
      cursor.sawControl = true
    }
    cursor.at++
  }
  return -1
}

/** Bytes looked at one by one before the native search takes over, which pays only on long strings. */
const shortRun = 48

/**
 * Index of the quote that closes the string whose content begins at `from`, or -1. Linear whatever the content: a
 * native search that meets an escaped quote is followed by a short run by hand, so `\"\"\"…` is not a call per quote.
 */
export function closingQuote (bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const stop = Math.min(at + shortRun, bytes.length)
    while (at < stop) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      at += byte === BACKSLASH ? 2 : 1
    }
    if (at >= bytes.length) return -1
    const quote = bytes.indexOf(QUOTE, at)
    if (quote === -1) return -1
    let escapes = quote
    while (escapes > at && bytes[escapes - 1] === BACKSLASH) escapes--
    if ((quote - escapes) % 2 === 0) return quote
    at = quote + 1
  }
}

/** Moves over the string at the cursor. */
function skipString (cursor: Cursor): boolean {
  const end = closingQuote(cursor.bytes, cursor.at + 1)
  if (end === -1) return fail(cursor, 'syntax', 'unterminated string')
  cursor.at = end + 1
  return true
}

/** Index of the next byte that is not {@link KIND.plain}, or the length. */
function skipPlain (bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && kindOf[bytes[at] as number] === KIND.plain) at++
  return at
}

/** Moves over the array or object at the cursor without recursion, counting depth and members. */
function skipContainer (cursor: Cursor): boolean {
  const bytes = cursor.bytes
  const outside = cursor.depth
  for (;;) {
    cursor.at = skipPlain(bytes, cursor.at)
    const kind = kindOf[bytes[cursor.at] ?? 0] as number
    switch (kind) {
      case KIND.open:
        if (!enter(cursor)) return false
        continue
      case KIND.close:
        cursor.at++
        if (--cursor.depth === outside) return true
        continue
      case KIND.quote:
        if (!skipString(cursor)) return false
        continue
      case KIND.colon:
        if (!countKey(cursor)) return false
        break
      default:
        if (cursor.at >= bytes.length) return fail(cursor, 'syntax', 'unterminated value')
        cursor.sawControl = true
    }
    cursor.at++
  }
}

/** Moves over the number or literal at the cursor. */
function skipScalar (cursor: Cursor): boolean {
  const bytes = cursor.bytes
  const start = cursor.at
  while (cursor.at < bytes.length) {
    const byte = bytes[cursor.at] as number
    if (byte <= SPACE || byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) break
    cursor.at++
  }
  return cursor.at > start || fail(cursor, 'syntax', 'missing value')
}

/** Moves over any value; the cursor must stand on its first byte. */
export function skipValue (cursor: Cursor): boolean {
  const byte = cursor.bytes[cursor.at]
  if (byte === QUOTE) return skipString(cursor)
  return byte === OPEN_OBJECT || byte === OPEN_ARRAY ? skipContainer(cursor) : skipScalar(cursor)
}
