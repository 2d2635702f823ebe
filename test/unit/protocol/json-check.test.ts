import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { describe, it } from 'node:test'
import { MAX_DEPTH } from '../../../src/protocol/limits.ts'
import { isJson } from '../../../src/protocol/json-check.ts'
import { pick, type Random, seeded } from '../../helpers/random.ts'
import { randomValue } from './random-json.ts'

const STRANGE = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '+', '.', 'e', 'E', 't', 'u', 'null', ' ', '\n', '\t', '\0', '\x1f', '\x7f', 'é', '\u2028', '\uFEFF', '\\u12', '\\u00e9', '\\x', '01', '1e400', '-0', '.5', '5.', "'a'", '//', '[,]', '{,}']

/** The text with something taken out, put in or put in its place. */
function damaged (random: Random, text: string): string {
  const at = Math.floor(random() * text.length)
  const rest = pick(random, [at, at + 1, at, text.length])
  return text.slice(0, at) + pick(random, ['', pick(random, STRANGE)]) + text.slice(rest)
}

/** What JSON.parse says; white space around a value is nobody's business here. */
function isJsonText (text: string): boolean {
  if (/^[ \t\r\n]|[ \t\r\n]$/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function check (text: string, before = 0): boolean {
  const bytes = Buffer.from(text)
  const surrounded = Buffer.concat([Buffer.alloc(before, '"'), bytes, Buffer.from('"\\0]}')])
  return isJson(surrounded, before, before + bytes.length)
}

describe('a JSON value that is only checked (T34)', () => {
  it('is one exactly when JSON.parse takes it, whatever stands around it', () => {
    const random = seeded(20_261_122)
    const seen = { yes: 0, no: 0 }
    for (let round = 0; round < 30_000; round++) {
      const value = randomValue(random, 5).text
      const text = random() < 0.4 ? value : damaged(random, value)
      if (!isUtf8(Buffer.from(text))) continue
      const expected = isJsonText(text)
      seen[expected ? 'yes' : 'no']++
      assert.equal(check(text, round % 7), expected, `round ${round}: ${JSON.stringify(text)}`)
    }
    assert.ok(seen.yes > 5000 && seen.no > 5000, JSON.stringify(seen))
  })

  it('finds a byte that no string may hold anywhere in a long one, at every alignment', () => {
    for (let before = 0; before < 4; before++) {
      for (let length = 40; length < 90; length++) {
        const plain = 'x'.repeat(length)
        assert.ok(check(`"${plain}"`, before))
        for (const [at, strange] of [[0, '\n'], [length >> 1, '\t'], [length - 1, '\x1f'], [length - 2, '\r'], [length >> 2, '\0'], [47, '\n'], [48, '\x01'], [51, '\n']] as const) {
          assert.equal(check(`"${plain.slice(0, at)}${strange}${plain.slice(at + 1)}"`, before), false, `${length} at ${at}`)
        }
        for (const fine of ['\x7f', 'é', '\u2028', '\\n', '\\"', '\\\\', '\\u00e9', '\x20']) assert.ok(check(`"${plain}${fine}${plain}"`, before))
        assert.equal(check(`"${plain}\\`, before), false)
        assert.equal(check(`"${plain}`, before), false)
      }
    }
  })

  it('holds every number, literal and escape to the grammar', () => {
    for (const text of ['0', '-0', '10', '1.0', '1e400', '1E-7', '-1.5e+3', 'true', 'false', 'null', '"\\ud800"', '"\\b\\f\\n\\r\\t\\/"', '[]', '{}', '[[],{}]', '{"":""}']) assert.ok(check(text), text)
    for (const text of ['', '-', '01', '-01', '1.', '.1', '1e', '1e+', '+1', '0x1', 'tru', 'truee', 'nul', 'NaN', 'Infinity', '"\\x"', '"\\u00g0"', '"\\u00"', '"', '[', ']', '{', '}', '[}', '{]', '[1,]', '{"a":1,}', '{"a"}', '{"a":}', '{a:1}', '{1:1}', '[1 2]', '{"a":1 "b":2}', '[]]', '1 2', '{}{}', ' 1', '1 ', '\uFEFF1']) assert.equal(check(text), false, text)
  })

  it('takes nesting up to the bound of bodies, and is done at once with more', () => {
    assert.ok(check('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)))
    assert.equal(check('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1)), false)
    assert.equal(check('['.repeat(1_000_000)), false)
  })

  it('is linear, whatever the strings are full of', () => {
    const million = 1_000_000
    const texts = ['\\"'.repeat(million / 2), `${'a'.repeat(100)}\\n`.repeat(million / 100), '\\u0041'.repeat(million / 6), 'é'.repeat(million / 2), `${'a'.repeat(60)}","`.repeat(million / 60)]
    for (const text of texts) {
      const bytes = Buffer.from(`["${text}"]`)
      const tookMs = Math.min(...[1, 2, 3].map(() => {
        const from = performance.now()
        assert.ok(isJson(bytes, 0, bytes.length))
        return performance.now() - from
      }))
      // Some ten times what it takes; quadratic would be thousands.
      assert.ok(tookMs < 100, `${tookMs} ms`)
    }
  })
})
