import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { newRequestId } from '../../../src/shared/request-id.ts'

test('request ids are 128 bits in hexadecimal, and no two are equal', () => {
  // More than the generator is asked for at once, several times over.
  const ids = Array.from({ length: 2000 }, newRequestId)
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  assert.equal(new Set(ids).size, ids.length)
  // Of random digits each stands about 4000 times among 64 000; 3000 is sixteen standard deviations away.
  for (const digit of '0123456789abcdef') assert.ok(ids.join('').split(digit).length > 3000, digit)
})

test('an id that is kept holds nothing but itself', () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const heapBytes = (): number => {
    gc()
    return process.memoryUsage().heapUsed
  }
  newRequestId()
  const before = heapBytes()
  // As long streams among many short calls have it: one of those that were made together.
  const kept = Array.from({ length: 2000 }, () => {
    for (let other = 0; other < 255; other++) newRequestId()
    return newRequestId()
  })
  const bytes = (heapBytes() - before) / kept.length
  assert.ok(bytes < 500, `${bytes} bytes for each`)
})
