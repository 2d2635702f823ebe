import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_DEPTH, MAX_KEYS, parseJson } from '../../../src/protocol/index.ts'
import { pick, seeded } from '../../helpers/random.ts'
import { comparableValue } from './random-json.ts'

test('any JSON value, with white space around it, is what JSON.parse makes of it', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seeded(seed)
    const text = pick(random, ['', ' ', '\n\t']) + comparableValue(random, 5).text + pick(random, ['', '\r\n'])
    assert.deepEqual(parseJson(Buffer.from(text)), { ok: true, value: JSON.parse(text) as unknown }, `seed ${seed}: ${text}`)
  }
})

test('what is not JSON in UTF-8, or beyond the bounds, is refused (T30)', () => {
  const refused = (body: string | Buffer) => {
    const parsed = parseJson(Buffer.from(body as string))
    return parsed.ok ? undefined : parsed.error.reason
  }
  for (const body of ['', ' ', '{', '[1,]', 'x', '{"a":1}}', '"a', '\ufeff{}']) assert.notEqual(refused(body), undefined, body)
  assert.equal(refused(Buffer.from([0x22, 0xff, 0x22])), 'not UTF-8')
  assert.equal(refused('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)), undefined)
  assert.equal(refused('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1)), 'nested too deeply')
  assert.equal(refused('['.repeat(1_000_000)), 'nested too deeply')
  assert.equal(refused(`[${'{"a":1},'.repeat(MAX_KEYS)}{"a":1}]`), 'too many members')
})
