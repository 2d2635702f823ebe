import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryLimiter } from '../../../src/limits/index.ts'
import type { CallGrant, Limiter } from '../../../src/limits/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { seeded } from '../../helpers/random.ts'
import { acme, caller, fs, limits, testClock, tools } from './callers.ts'

type Admitted = Extract<CallGrant, { admitted: true }>

/** A call that must be granted in this turn. */
function now (limiter: Limiter, principal: Principal, tool?: string): Admitted {
  const grant = limiter.call(principal, fs, tool, Infinity)
  assert.ok(!(grant instanceof Promise) && grant.admitted)
  return grant
}

/** A call that must wait. */
function later (limiter: Limiter, principal: Principal, deadlineMs = Infinity, signal?: AbortSignal): Promise<CallGrant> {
  const grant = limiter.call(principal, fs, undefined, deadlineMs, signal)
  assert.ok(grant instanceof Promise)
  return grant
}

async function granted (waiting: Promise<CallGrant>): Promise<Admitted> {
  const grant = await waiting
  assert.ok(grant.admitted)
  return grant
}

const idle = () => new Promise((resolve) => setImmediate(resolve))

describe('slots of a user', () => {
  it('grants in the same turn while slots are free, and in order of arrival after', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 2 }), undefined, tools(), { clock: testClock() })
    const alice = caller('alice')
    const held = [now(limiter, alice), now(limiter, alice)]
    const order: number[] = []
    const waiting = [0, 1, 2, 3].map(async (i) => {
      const grant = await granted(later(limiter, alice))
      order.push(i)
      grant.release()
    })
    await idle()
    assert.deepEqual(order, [])
    held[0]?.release()
    await Promise.all(waiting)
    assert.deepEqual(order, [0, 1, 2, 3])
    held[1]?.release()
    now(limiter, alice).release()
  })

  it('keeps users apart', () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), undefined, tools(), { clock: testClock() })
    now(limiter, caller('alice'))
    now(limiter, caller('bob'))
    now(limiter, caller('alice', { tenant: 'globex' }))
  })

  it('frees one slot however often release is called', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), undefined, tools(), { clock: testClock() })
    const alice = caller('alice')
    const first = now(limiter, alice)
    const second = later(limiter, alice)
    const third = later(limiter, alice)
    first.release()
    first.release()
    first.release()
    const grant = await granted(second)
    await idle()
    assert.equal(await Promise.race([third, idle().then(() => 'waiting')]), 'waiting')
    grant.release()
    grant.release()
    await granted(third)
  })

  it('lets nobody pass the line', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), undefined, tools(), { clock: testClock() })
    const alice = caller('alice')
    const first = now(limiter, alice)
    const second = later(limiter, alice)
    first.release()
    const third = later(limiter, alice)
    const grant = await granted(second)
    grant.release()
    await granted(third)
  })

  it('refuses a wait at its deadline, without a charge, and the line moves on', async () => {
    const waits: string[] = []
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1, callsPerMinute: 3 }), undefined, tools(), {
      clock: systemClock, events: { refused: (name) => waits.push(name), waited: (_, outcome) => waits.push(outcome) }
    })
    const alice = caller('alice')
    const first = now(limiter, alice)
    const hasty = later(limiter, alice, systemClock.nowMs() + 20)
    const patient = later(limiter, alice)
    const refused = await hasty
    assert.ok(!refused.admitted)
    assert.deepEqual(refused.refusal, { name: 'user_concurrency', code: 'GW_LIMIT_CONCURRENCY', window: { limit: 1, remaining: 0, resetS: 1 }, retryAfterS: 1 })
    first.release()
    ;(await granted(patient)).release()
    now(limiter, alice).release()
    assert.deepEqual(waits, ['deadline', 'user_concurrency', 'granted'])
  })

  it('refuses a deadline that has passed at once, unless a slot is free', async () => {
    const clock = testClock()
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), undefined, tools(), { clock })
    const alice = caller('alice')
    const past = clock.nowMs() - 1
    const grant = limiter.call(alice, fs, undefined, past)
    assert.ok(!(grant instanceof Promise) && grant.admitted)
    assert.equal((await later(limiter, alice, past)).admitted, false)
  })

  it('drops a wait when its signal aborts, without a charge and without counting a refusal', async () => {
    const refused: string[] = []
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1, callsPerMinute: 2 }), undefined, tools(), {
      clock: testClock(), events: { refused: (name) => refused.push(name), waited () {} }
    })
    const alice = caller('alice')
    const first = now(limiter, alice)
    const abort = new AbortController()
    const dropped = later(limiter, alice, Infinity, abort.signal)
    abort.abort()
    assert.equal((await dropped).admitted, false)
    assert.equal((await later(limiter, alice, Infinity, AbortSignal.abort())).admitted, false)
    first.release()
    now(limiter, alice).release()
    assert.deepEqual(refused, [])
  })

  it('bounds the line', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1, callsPerMinute: 5000 }), undefined, tools(), { clock: testClock() })
    const alice = caller('alice')
    now(limiter, alice)
    const waiting = Array.from({ length: 512 }, () => later(limiter, alice))
    const refused = limiter.call(alice, fs, undefined, Infinity)
    assert.ok(!(refused instanceof Promise) && !refused.admitted)
    assert.equal(refused.refusal.name, 'user_concurrency')
    limiter.close()
    assert.ok((await Promise.all(waiting)).every((grant) => !grant.admitted))
  })

  it('ends every wait on close, granting none', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), acme({ concurrentCalls: 1 }), tools(), { clock: testClock() })
    now(limiter, caller('alice'))
    const waiting = [later(limiter, caller('bob')), later(limiter, caller('bob')), later(limiter, caller('alice'))]
    limiter.close()
    waiting.push(later(limiter, caller('carol')))
    assert.deepEqual((await Promise.all(waiting)).map((grant) => grant.admitted), [false, false, false, false])
  })
})

describe('slots of a tenant', () => {
  it('bounds the tenant over all its users, and a flood of one user does not delay another', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 2 }), acme({ concurrentCalls: 2 }), tools(), { clock: testClock() })
    const alice = caller('alice')
    const held = [now(limiter, alice), now(limiter, alice)]
    const order: string[] = []
    const enter = async (who: string): Promise<Admitted> => {
      const grant = await granted(later(limiter, caller(who)))
      order.push(who)
      return grant
    }
    const floods = Array.from({ length: 20 }, () => enter('alice'))
    const bob = enter('bob')
    held[0]?.release()
    await bob
    assert.deepEqual(order, ['bob'], 'alice had only her own line, so bob was first in the tenant line')
    held[1]?.release()
    await floods[0]
    assert.deepEqual(order, ['bob', 'alice'])
    limiter.close()
    await Promise.allSettled(floods)
  })

  it('says which slot was missing', async () => {
    const limiter = createMemoryLimiter(limits(), acme({ concurrentCalls: 1 }), tools(), { clock: systemClock })
    now(limiter, caller('alice'))
    const refused = await later(limiter, caller('bob'), systemClock.nowMs() + 10)
    assert.ok(!refused.admitted)
    assert.equal(refused.refusal.name, 'tenant_concurrency')
    assert.equal(refused.refusal.window.limit, 1)
  })

  it('gives the user slot back when the wait for the tenant slot fails', async () => {
    const limiter = createMemoryLimiter(limits({ concurrentCalls: 1 }), acme({ concurrentCalls: 1 }), tools(), { clock: testClock() })
    const first = now(limiter, caller('alice'))
    const abort = new AbortController()
    const dropped = later(limiter, caller('bob'), Infinity, abort.signal)
    const next = later(limiter, caller('bob'))
    abort.abort()
    assert.equal((await dropped).admitted, false)
    first.release()
    ;(await granted(next)).release()
    now(limiter, caller('bob'))
  })
})

it('never runs more than the slots and loses none: 20,000 random steps', async () => {
  const random = seeded(7)
  const clock = testClock()
  const limiter = createMemoryLimiter(limits({ concurrentCalls: 3, callsPerMinute: 1e9 }), acme({ concurrentCalls: 5 }), tools(), { clock })
  const users = ['a', 'b', 'c'].map((user) => caller(user))
  const running: Array<{ user: number, grant: Admitted }> = []
  const waiting = new Set<AbortController>()
  const settled: Array<Promise<void>> = []
  for (let step = 0; step < 20_000; step++) {
    clock.advance(100)
    if (random() < 0.5) {
      const user = Math.floor(random() * users.length)
      const abort = new AbortController()
      waiting.add(abort)
      const grant = limiter.call(users[user] as Principal, fs, undefined, Infinity, abort.signal)
      const enter = (result: CallGrant): void => {
        waiting.delete(abort)
        if (result.admitted) running.push({ user, grant: result })
      }
      if (grant instanceof Promise) settled.push(grant.then(enter))
      else enter(grant)
    } else if (random() < 0.85) {
      running.splice(Math.floor(random() * running.length), 1)[0]?.grant.release()
    } else {
      const [abort] = waiting
      abort?.abort()
    }
    if (step % 10 === 0) await idle()
    assert.ok(running.length <= 5)
    for (const i of users.keys()) assert.ok(running.filter(({ user }) => user === i).length <= 3)
  }
  for (const abort of waiting) abort.abort()
  await Promise.all(settled)
  for (const { grant } of running.splice(0)) grant.release()
  now(limiter, caller('a'))
  now(limiter, caller('a'))
  now(limiter, caller('a'))
  now(limiter, caller('b'))
  now(limiter, caller('b'))
})
