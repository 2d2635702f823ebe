import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_DEPTH, MAX_KEYS, parseBody } from '../../../src/protocol/index.ts'
import { pick, type Random, seeded } from '../../helpers/random.ts'
import { comparableValue, randomValue, spell, writeObject } from './random-json.ts'
import type { Pair } from './random-json.ts'

/** Reads bytes as JSON.parse does after strict decoding; undefined = not JSON. */
function oracle (body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)) }
  } catch {
    return undefined
  }
}

const levels = {
  envelope: ['jsonrpc', 'id', 'method', 'params', 'result', 'error'],
  params: [
    'name', 'arguments', '_meta', 'uri', 'cursor', 'ref', 'argument', 'context', 'level', 'protocolVersion', 'capabilities', 'clientInfo', 'requestId',
    'reason', 'progressToken', 'progress', 'total', 'message', 'task', 'taskId', 'inputResponses', 'requestState', 'notifications'
  ],
  _meta: ['progressToken', 'traceparent', 'tracestate', 'io.modelcontextprotocol/clientInfo', 'io.modelcontextprotocol/logLevel']
} as const

const strangers = ['x', 'y', 'constructo', 'proto', 'é', 'q"q', 'a\\b', '']
const disguises = ['ID', 'Params', 'paramſ', 'NAME', 'Uri', 'name\u0000', '_META', 'progreſſtoken', '\u212aeyed\u0001', '__proto__', 'constructor', 'Jsonrpc']

/** May these keys stand together at one level? Written independently of the scanner. */
function keysAreClean (keys: readonly string[], members: readonly string[]): boolean {
  const fold = (key: string) => key.replaceAll('ſ', 's').replaceAll('\u212a', 'k').toLowerCase()
  return new Set(keys.map(fold)).size === keys.length && keys.every((key) =>
    ![...key].some((character) => character < ' ') && key !== '__proto__' && key !== 'constructor' &&
    (members.includes(key) || !members.some((member) => fold(member) === fold(key))))
}

interface Level { readonly pairs: Pair[], readonly clean: boolean }

function randomLevel (random: Random, label: keyof typeof levels, fixed: readonly Pair[]): Level {
  const pairs = [...fixed]
  const extra = Math.floor(random() * 3)
  for (let count = 0; count < extra; count++) {
    const key = random() < 0.4 ? pick(random, levels[label]) : random() < 0.9 ? pick(random, strangers) : pick(random, disguises)
    if (random() < 0.5 && fixed.some((pair) => pair.key === key)) continue
    // A second level object would need a verdict of its own; as a duplicate or in place of one it is a scalar.
    const value = key === 'params' || key === '_meta' ? text('0') : comparableValue(random, 3)
    pairs.splice(Math.floor(random() * (pairs.length + 1)), 0, pair(random, key, value))
  }
  return { pairs, clean: keysAreClean(pairs.map(({ key }) => key), levels[label]) }
}

function pair (random: Random, key: string, value: Pair['value']): Pair {
  return { key, spelled: spell(random, key), value }
}

function text (value: string): Pair['value'] {
  return { text: value, depth: 0, keys: 0 }
}

/** A request whose three inspected levels are known, and whether they are clean. */
function randomRequest (random: Random): { body: Buffer, clean: boolean } {
  const meta = randomLevel(random, '_meta', [])
  const params = randomLevel(random, 'params', random() < 0.5 ? [pair(random, '_meta', writeObject(random, meta.pairs))] : [])
  const metaUsed = params.pairs.some(({ key, value }) => key === '_meta' && value.text !== '0')
  const envelope = randomLevel(random, 'envelope', [
    pair(random, 'jsonrpc', text('"2.0"')),
    pair(random, 'id', text(random() < 0.5 ? '17' : '"a\\"b"')),
    pair(random, 'method', text('"tools/call"')),
    pair(random, 'params', writeObject(random, params.pairs))
  ])
  const body = Buffer.from(pick(random, ['', ' ', '\n']) + writeObject(random, envelope.pairs).text + pick(random, ['', '\n']))
  return { body, clean: envelope.clean && params.clean && (!metaUsed || meta.clean) }
}

test('valid JSON is never called malformed, clean levels pass, doubtful ones never do; the ranges hold id and params', () => {
  let accepted = 0
  let refused = 0
  for (let seed = 1; seed <= 6000; seed++) {
    const { body, clean } = randomRequest(seeded(seed))
    const expected = oracle(body)
    assert.ok(expected, `seed ${seed} wrote invalid JSON`)
    const parsed = parseBody(body)
    const context = `seed ${seed}: ${body.toString()} ${JSON.stringify(parsed)}`
    if (!parsed.ok) {
      assert.equal(parsed.error.code, 'GW_PROTOCOL_SHAPE', context)
      if (/member/.test(parsed.error.reason)) refused++
      // A clean message may still be refused, but for what it says: a result beside the method, say.
      if (clean) assert.doesNotMatch(parsed.error.reason, /member|nested/, context)
      continue
    }
    assert.ok(clean, `doubtful keys were let through: ${context}`)
    accepted++
    assert.equal(parsed.value.kind, 'single')
    if (parsed.value.kind !== 'single') continue
    const { message, ranges } = parsed.value
    assert.equal(message.kind, 'request', context)
    if (message.kind !== 'request') continue
    const { id, params } = expected.value as { id: unknown, params: unknown }
    assert.deepEqual(message.params, params, context)
    assert.equal(message.id, id, context)
    assert.deepEqual(JSON.parse(body.toString('utf8', ranges.paramsStart, ranges.paramsEnd)), params, context)
    assert.deepEqual(JSON.parse(body.toString('utf8', ranges.idStart, ranges.idEnd)), id, context)
    assert.equal(body.toString('utf8', ranges.paramsStart, ranges.paramsEnd).trim().length, body.toString('utf8', ranges.paramsStart, ranges.paramsEnd).length)
    if (ranges.spliceable) assert.doesNotMatch(body.toString().trim().replaceAll(/"(?:[^"\\]|\\.)*"/g, ''), /[\u0000-\u001f]/, context) // eslint-disable-line no-control-regex
    if (ranges.spliceable) assert.doesNotMatch(body.toString(), /[\u0085\u2028\u2029]/, context)
  }
  assert.ok(accepted > 1000 && refused > 1000, `the generator must reach both sides: ${accepted} / ${refused}`)
})

test('damaged bodies: refused whenever JSON.parse refuses, and never called malformed when it does not', () => {
  const damage = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a, 0x2c, 0x20, 0x0a, 0x00, 0x31, 0x80, 0xc3, 0xef]
  let broken = 0
  for (let seed = 1; seed <= 12_000; seed++) {
    const random = seeded(seed)
    const body = randomRequest(random).body
    const hits = 1 + Math.floor(random() * 3)
    for (let hit = 0; hit < hits; hit++) body[Math.floor(random() * body.length)] = pick(random, damage)
    const cut = random() < 0.2 ? body.subarray(0, Math.floor(random() * body.length)) : body
    const parsed = parseBody(cut)
    const expected = oracle(cut)
    const context = `seed ${seed}: ${JSON.stringify(cut.toString('latin1'))}`
    if (expected === undefined) {
      broken++
      assert.equal(parsed.ok, false, context)
    } else if (!parsed.ok) {
      assert.equal(parsed.error.code, 'GW_PROTOCOL_SHAPE', context)
    }
  }
  assert.ok(broken > 1000)
})

test('any JSON value as a body: shape, not syntax, unless it is a request', () => {
  for (let seed = 1; seed <= 4000; seed++) {
    const random = seeded(seed)
    const value = randomValue(random, 6)
    const parsed = parseBody(Buffer.from(value.text))
    const context = `seed ${seed}: ${value.text}`
    if (parsed.ok) assert.ok(parsed.value.kind === 'batch' && parsed.value.messages.every((message) => message.kind === 'invalid'), context)
    else assert.equal(parsed.error.code, 'GW_PROTOCOL_SHAPE', context)
  }
})

test('depth and member bounds fall exactly where they are written', () => {
  const nested = (depth: number) => Buffer.from(`{"jsonrpc":"2.0","method":"m","params":{"arguments":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}}`)
  assert.equal(parseBody(nested(MAX_DEPTH)).ok, true)
  assert.deepEqual(parseBody(nested(MAX_DEPTH + 1)), { ok: false, error: { code: 'GW_PROTOCOL_SHAPE', reason: 'nested too deeply', id: null } })
  const wide = (keys: number) => Buffer.from(`{"jsonrpc":"2.0","method":"m","params":{"arguments":{${Array.from({ length: keys - 4 }, (_, index) => `"k${index}":0`).join()}}}}`)
  assert.equal(parseBody(wide(MAX_KEYS)).ok, true)
  assert.deepEqual(parseBody(wide(MAX_KEYS + 1)), { ok: false, error: { code: 'GW_PROTOCOL_SHAPE', reason: 'too many members', id: null } })
})
