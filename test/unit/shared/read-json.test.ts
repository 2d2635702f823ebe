import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readJson } from '../../../src/shared/read-json.ts'
import { seeded, type Random } from '../../helpers/random.ts'

describe('JSON of somebody else\'s', () => {
  it('a key of one message never stands in for an escaped key of another (T19)', () => {
    for (const [key, other] of [['\\\\', '\\u0041'], ['\\\\xy', '\\u00e9t\\u00e9'], ['\\\\abc', 'n\\u00famer'.slice(0, 9)]] as const) {
      readJson(`{"q":1,"${key}":2}`)
      const name = JSON.parse(`"${other}"`) as string
      assert.deepEqual(Object.keys(readJson(`{"q":-17,"${other}":0}`) as object), ['q', name])
      assert.deepEqual(Object.keys((readJson(`[{"deep":{"q":-17,"${other}":[]}}]`) as [{ deep: object }])[0].deep), ['q', name])
    }
  })

  it('is JSON.parse otherwise: what it accepts, what it gives, and what it refuses', () => {
    const texts = ['null', ' 1e400 ', '-0', '"\\ud800"', '{}', '[ ]', '{"a" : [ ] , "b":{ }}', '{"\\u0061":1,"a":2}', '{"a\\n":{"\\"":[{"\\\\":"}]{["}]}}',
      '{"__proto__":{"\\u0078":1},"\\u005f_proto__":2}', '{"x":"\\u0041","y":"a:\\"b"}', '[{"\\t":[[],{}]},"\\\\"]\n']
    for (const text of texts) {
      const [ours, theirs] = [readJson(text), JSON.parse(text) as unknown]
      assert.equal(JSON.stringify(ours), JSON.stringify(theirs), text)
      assert.deepEqual(ours, theirs)
    }
    for (const text of ['', '{', '{"\\u00":1}', '{"a\\":1}', '{"\\n":1,}', '["\\', '{"\\n" 1}', '\\']) assert.throws(() => readJson(text), SyntaxError, text)
    const proto = readJson('{"\\u0061":1,"__proto__":{"polluted":true}}') as Record<string, unknown>
    assert.deepEqual(Object.keys(proto), ['a', '__proto__'])
    assert.equal(proto['polluted'], undefined)
  })

  it('random values, their keys escaped at random, are read as they were written', () => {
    const random = seeded(20261122)
    for (let run = 0; run < 4000; run++) {
      const value = randomValue(random, 4)
      assert.deepEqual(readJson(spelled(value, random)), value, `run ${run}`)
    }
  })
})

const KEYS = ['q', '\\', '\\x', 'A', 'é', 'été', '\n', '"', '', 'long key', '🙂', '\\\\\\']

function randomValue (random: Random, depth: number): unknown {
  const pick = Math.floor(random() * (depth === 0 ? 3 : 5))
  if (pick === 3) return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth - 1))
  if (pick === 4) return Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, () => [KEYS[Math.floor(random() * KEYS.length)], randomValue(random, depth - 1)]))
  return [Math.floor(random() * 1000), 'te\\xt "\n: {', null][pick]
}

/** JSON text with blanks and escapes where they may be. */
function spelled (value: unknown, random: Random): string {
  const blank = random() < 0.1 ? ' \n' : ''
  if (Array.isArray(value)) return `[${blank}${value.map((item) => spelled(item, random)).join(`,${blank}`)}]`
  if (typeof value === 'object' && value !== null) return `{${blank}${Object.entries(value).map(([key, member]) => `${text(key, random)}${blank}:${spelled(member, random)}`).join(',')}}`
  return typeof value === 'string' ? text(value, random) : JSON.stringify(value)
}

function text (value: string, random: Random): string {
  if (random() < 0.5) return JSON.stringify(value)
  return `"${Array.from({ length: value.length }, (_, at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
}
