const QUOTE = 0x22
const BACKSLASH = 0x5C
const COLON = 0x3A
const OPEN_OBJECT = 0x7B
const CLOSE_OBJECT = 0x7D
const OPEN_ARRAY = 0x5B
const CLOSE_ARRAY = 0x5D

/**
 * JSON.parse for text of somebody else's, without what is wrong with it in Node 24 and 26: once any object of the process had a
 * key that begins with a backslash, a key that is *spelled* with an escape may come out as that other key, if both are equally
 * long and stand behind the same keys (`{"q":1,"\\":2}`, then `{"q":1,"\u0041":0}`). What one caller sends would change what
 * another one's message says (T19). Text without such a spelling is parsed as it is, which costs one search for a backslash.
 * @throws SyntaxError as JSON.parse does; RangeError for escaped keys inside tens of thousands of containers
 */
export function readJson (text: string): unknown {
  const value: unknown = JSON.parse(text)
  return hasEscapedKey(text) ? rebuilt(JSON.parse(withKeysAsValues(text))) : value
}

/** Is a key of this JSON text spelled with an escape? Only strings that have one are looked at. */
function hasEscapedKey (text: string): boolean {
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at)) {
    at = afterBlanks(text, afterString(text, at))
    if (text.charCodeAt(at) === COLON) return true
  }
  return false
}

/** @param at inside a string, at no character that an escape protects @returns where it has ended */
function afterString (text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    // Past the end, where the text is no JSON: that was found before.
    if (Number.isNaN(code)) return at
    at += code === BACKSLASH ? 2 : 1
  }
}

function afterBlanks (text: string, at: number): number {
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 0x09 && code <= 0x0D); code = text.charCodeAt(at)) at++
  return at
}

/** The same with `[0, key, value, …]` for each object and `[1, value, …]` for each array: no key is read as one. */
function withKeysAsValues (text: string): string {
  let written = ''
  let from = 0
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    const mark = MARKS.get(code)
    if (code === QUOTE) at = afterString(text, at + 1)
    else if (mark === undefined) at++
    else {
      written += text.slice(from, at) + mark
      from = ++at
      if (code === OPEN_OBJECT || code === OPEN_ARRAY) written += isClosing(text.charCodeAt(afterBlanks(text, at))) ? '' : ','
    }
  }
  return written + text.slice(from)
}

const MARKS = new Map([[OPEN_OBJECT, '[0'], [CLOSE_OBJECT, ']'], [OPEN_ARRAY, '[1'], [COLON, ',']])

function isClosing (code: number): boolean {
  return code === CLOSE_OBJECT || code === CLOSE_ARRAY
}

function rebuilt (value: unknown): unknown {
  if (!Array.isArray(value)) return value
  const [kind, ...parts] = value as [number, ...unknown[]]
  if (kind === 1) return parts.map(rebuilt)
  const members: Array<[string, unknown]> = []
  for (let at = 0; at < parts.length; at += 2) members.push([parts[at] as string, rebuilt(parts[at + 1])])
  // Not assigned: `__proto__` is a name like others in JSON.
  return Object.fromEntries(members)
}
