/** Schemas and values that are made to cost: neither the event loop nor a verdict may be had by them (T37). */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { compileSchema, createSchemaBook } from '../../../src/schemas/index.ts'

const book = createSchemaBook({ deadlineMs: 300 })
after(() => book.close())

function check (schema: unknown): NonNullable<ReturnType<typeof book.of>> {
  const found = book.of(schema)
  assert.ok(found)
  return found
}

test('a pattern that backtracks for ever elsewhere is linear here', () => {
  const value = { text: `${'a'.repeat(40)}!` }
  const found = check({ properties: { text: { pattern: '^(a+)+$' } } })
  const startedMs = performance.now()
  assert.deepEqual(found.run(value), { path: ['text'], expected: 'a string that matches "^(a+)+$"' })
  assert.ok(performance.now() - startedMs < 1000)
})

test('one that only a backtracking engine has ends with its thread, is late and so no fit, and the loop goes on', async () => {
  const found = check({ properties: { text: { pattern: '^(?=a)(a+)+$' } } })
  const value = JSON.stringify({ text: `${'a'.repeat(40)}!` })
  assert.equal(found.run({ text: 'a' }), 'apart')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  assert.deepEqual(await found.runApart(value), { kind: 'late' })
  delay.disable()
  // With the pattern in it it would stand still for good.
  assert.ok(delay.max < 2e9, `the loop stood still for ${delay.max / 1e6} ms`)
  assert.deepEqual(await found.runApart('{"text":"aaa"}'), { kind: 'fits' })
  assert.equal((await found.runApart('{"text":"b"}')).kind, 'mismatch')
})

test('steps are counted, whatever makes them: branches that branch, long lists of rules, items that must differ', () => {
  const branching = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`d${at}`, { allOf: Array.from({ length: 10 }, () => ({ $ref: `#/$defs/d${at + 1}` })) }]))
  const rules = { items: { allOf: Array.from({ length: 3000 }, (_, at) => ({ minimum: -at })) } }
  const objects = Array.from({ length: 5000 }, (_, at) => ({ at }))
  const rows: ReadonlyArray<readonly [schema: unknown, value: unknown]> = [
    [{ $ref: '#/$defs/d0', $defs: { ...branching, d6: { type: 'string' } } }, 'x'],
    [{ $ref: '#' }, 1],
    [rules, Array.from({ length: 5000 }, () => 1)],
    [{ uniqueItems: true }, objects],
    [{ items: { enum: objects } }, objects],
    [{ items: { required: ['at', ...Array.from({ length: 3000 }, () => 'at')] } }, objects],
    [{ pattern: '(a|b)+c' }, 'ab'.repeat(200_000)]
  ]
  for (const [schema, value] of rows) {
    const compiled = compileSchema(schema)
    assert.ok(typeof compiled === 'object', String(compiled))
    // The best of three: a bound on the code, not on the machine's mood.
    const tookMs = Math.min(...[1, 2, 3].map(() => {
      const startedMs = performance.now()
      assert.equal(compiled.run(value), 'too costly', JSON.stringify(schema).slice(0, 60))
      return performance.now() - startedMs
    }))
    assert.ok(tookMs < 500, `${tookMs} ms`)
  }
})

test('nothing is fetched for a $ref, inline or in a thread', async () => {
  let hits = 0
  const canary = createServer((_request, response) => { hits++; response.end('{}') }).listen(0, '127.0.0.1')
  await once(canary, 'listening')
  const url = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/schema.json`
  const schema = { properties: { a: { $ref: url } } }
  assert.equal(check(schema).kind, 'refers out')
  assert.deepEqual(await check(schema).runApart('{"a":1}'), { kind: 'unreadable' })
  canary.close()
  await once(canary, 'close')
  assert.equal(hits, 0)
})

test('a member twice is seen in what stayed bytes', async () => {
  const found = check({ type: 'object' })
  assert.deepEqual(await found.runApart(Buffer.from('{"a":{"b":1,"b":2}}'), 3), { kind: 'repeated' })
  assert.deepEqual(await found.runApart(Buffer.from('{"a":{"b":1,"c":2}}'), 3), { kind: 'fits' })
})

test('more checks than may wait are turned away at once', async () => {
  const slow = check({ pattern: '^(?=a)(a+)+$' })
  const all = Array.from({ length: 80 }, () => slow.runApart(JSON.stringify(`${'a'.repeat(40)}!`)))
  const first = await Promise.race(all.map(async (one, at) => ({ at, verdict: await one })))
  assert.deepEqual(first.verdict, { kind: 'busy' })
  book.close()
  for (const { kind } of await Promise.all(all)) assert.ok(kind === 'busy' || kind === 'late')
})
