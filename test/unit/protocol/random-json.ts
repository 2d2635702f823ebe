import { pick, type Random } from '../../helpers/random.ts'

/** A JSON value as it was written, so that duplicates and spellings are still known. */
export interface Written {
  readonly text: string
  readonly depth: number
  readonly keys: number
}

/** One member: what its key means, how it is written, and its value. */
export interface Pair {
  readonly key: string
  readonly spelled: string
  readonly value: Written
}

/** A source of numbers in [0, 1). */
const blanks = ['', '', '', ' ', '  ', '\n', '\t', '\r\n ']
const strings = ['', 'a', 'id', 'params', '"', '\\', '\\"', '\\\\"', '}', '{', '[', ']', ':', ',', 'é', '\u2028', '\u0085', '\u{1f600}', 'ſ', '\u0000', '\n', 'x'.repeat(60), `${'y'.repeat(50)}"`, `${'\\'.repeat(51)}"z`, '__proto__', 'constructor']

/** A JSON string literal for the text, with some characters escaped that need not be. */
export function spell (random: Random, text: string): string {
  let literal = ''
  for (const unit of text) {
    const plain = JSON.stringify(unit).slice(1, -1)
    literal += random() < 0.1 ? [...unit].flatMap((character) => character.split('')).map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`).join('') : plain
  }
  return `"${literal}"`
}

export function randomString (random: Random): string {
  return Array.from({ length: Math.floor(random() * 3) }, () => pick(random, strings)).join('')
}

function scalar (random: Random): Written {
  const text = random() < 0.5 ? spell(random, randomString(random)) : pick(random, ['0', '-0', '1.5e-7', '12345678901234567890', 'true', 'false', 'null', '-17'])
  return { text, depth: 0, keys: 0 }
}

/** An object literal of the pairs, in this order, with white space anywhere it may stand. */
export function writeObject (random: Random, pairs: readonly Pair[]): Written {
  const blank = () => pick(random, blanks)
  const members = pairs.map(({ spelled, value }) => `${blank()}${spelled}${blank()}:${blank()}${value.text}${blank()}`)
  return {
    text: `{${members.length === 0 ? blank() : members.join(',')}}`,
    depth: 1 + Math.max(0, ...pairs.map(({ value }) => value.depth)),
    keys: pairs.length + pairs.reduce((sum, { value }) => sum + value.keys, 0)
  }
}

/** Any JSON value, at most `room` levels deep. */
export function randomValue (random: Random, room: number): Written {
  if (room === 0 || random() < 0.3) return scalar(random)
  const parts = Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, room - 1))
  if (random() < 0.5) {
    const blank = () => pick(random, blanks)
    return {
      text: `[${parts.length === 0 ? blank() : parts.map((part) => `${blank()}${part.text}${blank()}`).join(',')}]`,
      depth: 1 + Math.max(0, ...parts.map((part) => part.depth)),
      keys: parts.reduce((sum, part) => sum + part.keys, 0)
    }
  }
  return writeObject(random, parts.map((value) => {
    const key = randomString(random)
    return { key, value, spelled: spell(random, key) }
  }))
}

/** Spellings of a key that begins with a backslash. */
const BACKSLASH_KEY = /"(?:\\\\|\\u005c)(?:[^"\\]|\\.)*"\s*:/i

/**
 * The same without keys that begin with a backslash, for tests that compare what JSON.parse makes of several texts: after such
 * a key V8 13.6 reads an escaped one wrongly that stands in its place in another object.
 */
export function comparableValue (random: Random, room: number): Written {
  let value = randomValue(random, room)
  while (BACKSLASH_KEY.test(value.text)) value = randomValue(random, room)
  return value
}
