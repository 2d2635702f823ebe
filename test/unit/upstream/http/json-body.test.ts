import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonBody } from '../../../../src/upstream/http/json-body.ts'

const TEXT = 'é✂😀x'.repeat(20_000)
const BYTES = Buffer.from(TEXT)

function read (announced: string | undefined, size: number): string | undefined {
  const body = new JsonBody(BYTES.length, announced)
  for (let at = 0; at < BYTES.length; at += size) if (!body.push(BYTES.subarray(at, at + size))) return undefined
  return body.text()
}

test('a body is the same text in pieces of any size, with any announcement that can be true or not come true', () => {
  for (const announced of [undefined, String(BYTES.length), '99999999999999']) {
    for (const size of [7, 4096, 65_536, BYTES.length]) assert.ok(read(announced, size) === TEXT, `${String(announced)} in pieces of ${size}`)
  }
  assert.equal(new JsonBody(10, '10').text(), '')
})

test('of a large one the bytes can be had instead, which nobody writes to any more', () => {
  for (const announced of [undefined, String(BYTES.length)]) {
    const body = new JsonBody(BYTES.length, announced)
    for (let at = 0; at < BYTES.length; at += 65_536) body.push(BYTES.subarray(at, at + 65_536))
    const bytes = body.largeBytes()
    assert.ok(bytes?.equals(BYTES))
    // Room that was made for exactly this body is not shared with anything, and can be freed.
    assert.equal(bytes?.buffer.byteLength === BYTES.length, announced !== undefined)
    body.push(Buffer.from('z'))
    assert.ok(bytes?.equals(BYTES))
  }
  const small = new JsonBody(100)
  for (const piece of ['{', '}']) small.push(Buffer.from(piece))
  assert.deepEqual([small.largeBytes(), small.text()], [undefined, '{}'])
})

test('more than it may be is refused, with or without an announcement (T48)', () => {
  for (const announced of [undefined, '4', '8']) {
    const body = new JsonBody(8, announced)
    assert.deepEqual([body.push(Buffer.from('1234')), body.push(Buffer.from('5678')), body.push(Buffer.from('9'))], [true, true, false])
  }
})

test('an announcement alone takes no memory, and no more than 2 MiB with its second piece (T48)', () => {
  const bodies = Array.from({ length: 50 }, () => new JsonBody(16 * 2 ** 20, String(2 ** 40)))
  const before = process.memoryUsage().arrayBuffers
  for (const body of bodies) body.push(Buffer.from('{'))
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20)
  for (const body of bodies) body.push(Buffer.from('}'))
  assert.ok(process.memoryUsage().arrayBuffers - before < 50 * 2.1 * 2 ** 20)
})
