import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { DelayLine } from '../../../src/shared/delay-line.ts'
import { PendingCall } from '../../../src/upstream/pending-call.ts'
import { testCall } from './upstream-parts.ts'

/** A call of 100 ms, at most 250, whose clock the test moves; most calls of its server take `usualMs`. */
function start (t: TestContext, usualMs = 100): { pending: PendingCall, expired: () => boolean, tick: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  let expired = false
  const owner = { nowMs: () => nowMs, deadlines: new DelayLine(usualMs, () => nowMs), expire () { expired = true }, cancel () {} }
  const pending = new PendingCall(owner, testCall({ timeoutMs: 100, maxTimeoutMs: 250 }), 7)
  return {
    pending,
    expired: () => expired,
    tick (ms) {
      nowMs += ms
      t.mock.timers.tick(ms)
    }
  }
}

describe('a call\'s deadline (FR02)', () => {
  for (const [whose, usualMs] of [['as most calls have', 100], ['of its own', 500]] as const) {
    it(`passes after timeoutMs, ${whose}`, (t) => {
      const { expired, tick } = start(t, usualMs)
      tick(99)
      assert.equal(expired(), false)
      tick(1)
      assert.equal(expired(), true)
    })
  }

  it('is put off by progress, up to the maximum', (t) => {
    const { pending, expired, tick } = start(t)
    for (const ms of [90, 90, 60]) {
      tick(ms)
      pending.progressed()
    }
    assert.equal(expired(), false)
    tick(9)
    assert.equal(expired(), false)
    tick(1)
    assert.equal(expired(), true)
  })

  it('stands still while a person is asked, but not beyond the maximum', (t) => {
    const { pending, expired, tick } = start(t)
    pending.pause()
    pending.pause()
    tick(120)
    pending.resume()
    pending.progressed()
    tick(110)
    assert.equal(expired(), false)
    pending.resume()
    tick(19)
    assert.equal(expired(), false)
    tick(1)
    assert.equal(expired(), true)
  })

  it('is the maximum while nobody answers', (t) => {
    const { pending, expired, tick } = start(t)
    tick(60)
    pending.pause()
    tick(189)
    assert.equal(expired(), false)
    tick(1)
    assert.equal(expired(), true)
  })

  it('begins anew when the person has answered; one resume too many means nothing', (t) => {
    const { pending, expired, tick } = start(t)
    pending.resume()
    tick(50)
    pending.pause()
    tick(70)
    pending.resume()
    tick(99)
    assert.equal(expired(), false)
    tick(1)
    assert.equal(expired(), true)
  })

  it('is over with the answer', (t) => {
    const { pending, expired, tick } = start(t)
    pending.settle({ result: {} })
    pending.progressed()
    pending.pause()
    pending.resume()
    tick(1000)
    assert.equal(expired(), false)
  })
})
