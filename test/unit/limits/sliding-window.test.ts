import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWindow, freesAtMs, placesTaken, record, WINDOW_MS } from '../../../src/limits/sliding-window.ts'
import { seeded } from '../../helpers/random.ts'

test('agrees with an oracle that keeps every admission, and never admits more than N in any 60 s', () => {
  const random = seeded(20261122)
  for (let round = 0; round < 60; round++) {
    const limit = 1 + Math.floor(random() * 40)
    const window = createWindow()
    const admitted: number[] = []
    let nowMs = Math.floor(random() * 1e6)
    for (let step = 0; step < 600; step++) {
      // Mostly bursts, sometimes exactly a window, sometimes a long rest.
      nowMs += random() < 0.6 ? 0 : Math.floor(random() * (random() < 0.1 ? 2 * WINDOW_MS : 4000))
      if (random() < 0.02 && admitted.length > 0) nowMs = Math.max(nowMs, (admitted.at(-limit) ?? nowMs) + WINDOW_MS)
      const recent = admitted.filter((atMs) => atMs > nowMs - WINDOW_MS)
      assert.equal(placesTaken(window, nowMs), recent.length, `round ${round} step ${step}`)
      if (recent.length < limit) {
        record(window, nowMs)
        admitted.push(nowMs)
      } else {
        assert.equal(freesAtMs(window, limit, nowMs), (recent[recent.length - limit] ?? NaN) + WINDOW_MS)
      }
    }
    for (const [i, atMs] of admitted.entries()) {
      const inWindow = admitted.slice(i).filter((other) => other < atMs + WINDOW_MS).length
      assert.ok(inWindow <= limit, `round ${round}: ${inWindow} of ${limit} from ${atMs}`)
    }
    assert.ok(window.times.length < Math.max(16, 2 * limit), 'memory is bounded by the limit')
  }
})

test('an admission counts until just before 60 s have passed', () => {
  const window = createWindow()
  record(window, 1000)
  assert.equal(placesTaken(window, 60_999.999), 1)
  assert.equal(placesTaken(window, 61_000), 0)
})

test('promised places are taken, and have no time at which they come free', () => {
  const window = createWindow()
  window.reserved = 2
  assert.equal(placesTaken(window, 0), 2)
  assert.equal(freesAtMs(window, 2, 5), 5 + WINDOW_MS)
  record(window, 10)
  assert.equal(freesAtMs(window, 3, 10), 10 + WINDOW_MS)
})
