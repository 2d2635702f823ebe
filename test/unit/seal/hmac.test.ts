import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createHmacOf } from '../../../src/seal/index.ts'

test('gives what RFC 2104 gives, for keys and texts of every length', () => {
  for (const keyBytes of [0, 1, 31, 32, 63, 64]) {
    const key = randomBytes(keyBytes)
    const hmacOf = createHmacOf(key)
    for (const text of ['', 'a', 'ä€😀\0', '\uD800', 'x'.repeat(55), 'x'.repeat(64), 'x'.repeat(100_000)]) {
      assert.deepEqual(hmacOf(text), createHmac('sha256', key).update(text).digest())
    }
  }
  assert.throws(() => createHmacOf(Buffer.alloc(65)), RangeError)
})

test('what one call gave is not overwritten by the next', () => {
  const hmacOf = createHmacOf(Buffer.alloc(32, 1))
  const first = hmacOf('first')
  const copy = Buffer.from(first)
  hmacOf('second')
  assert.deepEqual(first, copy)
})
