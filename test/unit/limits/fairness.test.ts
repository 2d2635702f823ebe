/** Who waits for call slots, in which order, and for how long (T55, rulings 3 and 9). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryLimiter } from '../../../src/limits/index.ts'
import type { CallGrant, Limiter, LimitRefusal } from '../../../src/limits/index.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { LimitSettings } from '../../../src/shared/settings/limits.ts'
import type { TenantSettings } from '../../../src/shared/settings/tenant.ts'
import { seeded } from '../../helpers/random.ts'
import { caller, fs, limits, tenantsWith, testClock, tools } from './callers.ts'
import type { TestClock } from './callers.ts'

type Admitted = Extract<CallGrant, { admitted: true }>
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A limiter, a clock that stands still, and all calls of a test by name. */
class Scene {
  readonly clock: TestClock = testClock()
  readonly limiter: Limiter
  readonly order: string[] = []
  readonly refusals: LimitRefusal[] = []
  readonly told: string[] = []
  readonly #running: Admitted[] = []

  constructor (own: Partial<LimitSettings>, tenants: Readonly<Record<string, TenantSettings['limits']>> = {}, serverCalls?: number) {
    this.limiter = createMemoryLimiter(limits({ callsPerMinute: 1e9, concurrentCalls: 1e6, ...own }), tenantsWith(tenants), tools({}, serverCalls), {
      clock: this.clock,
      events: { refused: (name) => this.told.push(name), waited: (_ms, outcome) => { if (outcome !== 'granted') this.told.push(outcome) } }
    })
  }

  /** So many calls of one caller, at once. */
  call (name: string, who: Principal, count = 1, deadlineMs = Infinity, signal?: AbortSignal): void {
    const enter = (grant: CallGrant): void => {
      if (!grant.admitted) {
        this.refusals.push(grant.refusal)
        return
      }
      this.order.push(name)
      this.#running.push(grant)
    }
    for (let index = 0; index < count; index++) {
      const grant = this.limiter.call(who, fs, undefined, deadlineMs, signal)
      if (grant instanceof Promise) grant.then(enter, assert.fail)
      else enter(grant)
    }
  }

  /** Ends calls one after the other, the oldest first, each after so long. */
  async end (count: number, afterMs = 0): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.clock.advance(afterMs)
      this.#running.shift()?.release()
      await turn()
    }
  }

  get running (): number { return this.#running.length }

  /** What was granted since the last look. */
  granted (): string { return this.order.splice(0).join('') }
}

const a = caller('u', { tenant: 'a' })
const b = caller('u', { tenant: 'b' })
const c = caller('u', { tenant: 'c' })

/** As many waiting calls of tenant a as are let in at all. */
function flood (scene: Scene): void {
  for (let user = 0; user < 8; user++) scene.call('a', caller(`flood-${user}`, { tenant: 'a' }), 512)
}

for (const [scarce, own, serverCalls] of [['the gateway', { totalConcurrentCalls: 1 }, undefined], ['one server', {}, 1]] as const) {
  describe(`calls that wait for ${scarce}`, () => {
    it('take turns by tenant: a flood leaves the order of the others as it is', async () => {
      const scene = new Scene(own, {}, serverCalls)
      scene.call('-', c)
      flood(scene)
      scene.call('b', b, 4)
      scene.call('c', c, 2)
      await scene.end(10)
      assert.equal(scene.granted(), '-abcabcabab')
      scene.limiter.close()
    })

    it('take turns by weight', async () => {
      const scene = new Scene(own, { b: { weight: 3 } }, serverCalls)
      scene.call('-', c)
      scene.call('a', a, 20)
      scene.call('b', b, 20)
      await scene.end(8)
      assert.equal(scene.granted(), '-bbabbbab')
      scene.limiter.close()
    })

    it('late comers have no credit for the time before', async () => {
      const scene = new Scene(own, {}, serverCalls)
      scene.call('-', c)
      scene.call('a', a, 500)
      await scene.end(200)
      scene.granted()
      scene.call('b', b, 3)
      await scene.end(6)
      assert.equal(scene.granted(), 'ababab')
      scene.limiter.close()
    })

    it('a flood of one user does not delay the tenant\'s others', async () => {
      const scene = new Scene(own, {}, serverCalls)
      scene.call('-', c)
      scene.call('x', caller('x', { tenant: 'a' }), 400)
      scene.call('y', caller('y', { tenant: 'a' }), 2)
      scene.call('b', b, 4)
      await scene.end(8)
      assert.equal(scene.granted(), '-xbybxbyb')
      scene.limiter.close()
    })
  })
}

describe('bounds of a server and of the gateway', () => {
  it('hold together, and refusals name what was scarce', async () => {
    const scene = new Scene({ totalConcurrentCalls: 3 }, {}, 2)
    scene.call('s', a, 2)
    scene.call('o', b, 1, scene.clock.nowMs() - 1)
    const other = scene.limiter.call(b, 'other' as never, undefined, Infinity)
    assert.ok(!(other instanceof Promise) && other.admitted, 'another server has a place')
    const full = scene.limiter.call(c, 'other' as never, undefined, scene.clock.nowMs() - 1)
    assert.deepEqual(await full, { admitted: false, refusal: { name: 'gateway_concurrency', code: 'GW_LIMIT_IN_FLIGHT', window: { limit: 3, remaining: 0, resetS: 1 }, retryAfterS: 1 } })
    assert.deepEqual(scene.refusals.map(({ name, code }) => [name, code]), [['server_concurrency', 'GW_LIMIT_IN_FLIGHT']])
  })

  it('let nobody in by the end of another when all waits end', async () => {
    const scene = new Scene({}, { a: { concurrentCalls: 2 } }, 1)
    const [x, y] = ['x', 'y'].map((user) => caller(user, { tenant: 'a' })) as [Principal, Principal]
    const other = (): CallGrant | Promise<CallGrant> => scene.limiter.call(x, 'other' as typeof fs, undefined, Infinity)
    scene.call('s', a, 1)
    const first = other()
    const waiting = [other(), other()]
    scene.call('y', y, 1)
    assert.ok(!(first instanceof Promise) && first.admitted)
    first.release()
    const second = await waiting[0]
    assert.ok(second?.admitted)
    second.release()
    await turn()
    // Now y, who came last, has the tenant's second slot and waits for the server; the third call of x waits for that slot.
    scene.limiter.close()
    assert.deepEqual([(await waiting[1])?.admitted, scene.granted()], [false, 's'])
  })

  it('do not let one server\'s line hold what others need', async () => {
    const scene = new Scene({ totalConcurrentCalls: 2 }, {}, 1)
    scene.call('s', a, 50)
    const other = scene.limiter.call(b, 'other' as never, undefined, Infinity)
    assert.ok(!(other instanceof Promise) && other.admitted)
    scene.limiter.close()
  })
})

describe('a wait that would outlast the deadline', () => {
  it('is refused at once, with Retry-After by what was measured; who is not behind it waits', async () => {
    const scene = new Scene({ totalConcurrentCalls: 2 })
    scene.call('-', a, 2)
    await scene.end(2, 2000)
    scene.call('-', a, 2)
    scene.call('a', a, 7)
    const deadlineMs = scene.clock.nowMs() + 8000
    scene.call('late', a, 1, deadlineMs)
    assert.deepEqual(scene.told, ['shed', 'gateway_concurrency'])
    await turn()
    // The first was held for 2 s, the second for 4: 2.2 s by the moving mean. Seven are ahead, two have turns at a time: 8.8 s.
    assert.deepEqual(scene.refusals, [{ name: 'gateway_concurrency', code: 'GW_LIMIT_IN_FLIGHT', window: { limit: 2, remaining: 0, resetS: 9 }, retryAfterS: 9 }])
    scene.call('b', b, 1, deadlineMs)
    scene.granted()
    await scene.end(2)
    assert.equal(scene.granted(), 'ab', 'the other tenant is second, however long the line')
    scene.limiter.close()
  })

  it('is found in a user\'s own line too', async () => {
    const scene = new Scene({ concurrentCalls: 1 })
    scene.call('-', a)
    await scene.end(1, 30_000)
    scene.call('-', a)
    scene.call('a', a, 1, scene.clock.nowMs() + 60_000)
    scene.call('a', a, 1, scene.clock.nowMs() + 60_000)
    scene.call('late', a, 1, scene.clock.nowMs() + 60_000)
    await turn()
    assert.deepEqual(scene.refusals.map(({ name, retryAfterS }) => [name, retryAfterS]), [['user_concurrency', 60]])
    scene.limiter.close()
  })

  it('follows what is measured, and never refuses before anything was', async () => {
    const scene = new Scene({ concurrentCalls: 1 })
    scene.call('-', a)
    scene.call('a', a, 100, scene.clock.nowMs() + 1)
    assert.deepEqual(scene.told, [])
    scene.limiter.close()
    const slow = new Scene({ concurrentCalls: 1 })
    slow.call('-', a)
    await slow.end(1, 50_000)
    for (let count = 0; count < 60; count++) {
      slow.call('-', a)
      await slow.end(1, 10)
    }
    slow.call('-', a)
    slow.call('a', a, 1, slow.clock.nowMs() + 1000)
    assert.deepEqual(slow.told, [], 'a slow minute is forgotten')
    slow.limiter.close()
  })

  it('charges no window, and gives back what it held', async () => {
    const scene = new Scene({ callsPerMinute: 3, totalConcurrentCalls: 1 })
    scene.call('-', b)
    await scene.end(1, 5000)
    scene.call('-', b)
    scene.call('late', a, 9, scene.clock.nowMs() + 100)
    await turn()
    assert.equal(scene.refusals.length, 9)
    await scene.end(1)
    scene.granted()
    scene.call('a', a)
    await scene.end(1)
    scene.call('a', a)
    await scene.end(1)
    scene.call('a', a)
    assert.equal(scene.granted(), 'aaa')
  })
})

it('random calls over all bounds: every bound holds, no slot is lost, none is given twice', async () => {
  const random = seeded(23)
  const scene = new Scene({ concurrentCalls: 3, totalConcurrentCalls: 6 }, { a: { concurrentCalls: 4, weight: 2 } }, 4)
  const callers = [a, b, c].flatMap(({ tenant }) => ['u', 'v', 'w'].map((user) => ({ who: caller(user, { tenant }), name: `${tenant}/${user}` })))
  const running: Array<{ name: string, server: string, grant: Admitted }> = []
  const waiting = new Set<AbortController>()
  const count = (is: (call: typeof running[number]) => boolean): number => running.filter(is).length
  for (let step = 0; step < 20_000; step++) {
    scene.clock.advance(10)
    const dice = random()
    if (dice < 0.5) {
      const { who, name } = callers[Math.floor(random() * callers.length)] as typeof callers[number]
      const server = random() < 0.7 ? fs : 'other'
      const abort = new AbortController()
      waiting.add(abort)
      const enter = (grant: CallGrant): void => {
        waiting.delete(abort)
        if (grant.admitted) running.push({ name, server, grant })
      }
      const grant = scene.limiter.call(who, server as typeof fs, undefined, Infinity, abort.signal)
      if (grant instanceof Promise) grant.then(enter, assert.fail)
      else enter(grant)
    } else if (dice < 0.9) running.splice(Math.floor(random() * running.length), 1)[0]?.grant.release()
    else [...waiting][Math.floor(random() * waiting.size)]?.abort()
    if (step % 7 === 0) await turn()
    assert.ok(running.length <= 6 && count(({ server }) => server === fs) <= 4 && count(({ name }) => name.startsWith('a/')) <= 4)
    for (const { name } of callers) assert.ok(count((call) => call.name === name) <= 3)
  }
  for (const abort of waiting) abort.abort()
  await turn()
  for (const { grant } of running.splice(0)) grant.release()
  scene.call('a', a, 3)
  scene.call('b', b, 1)
  scene.call('o', c, 1)
  assert.equal(scene.granted(), 'aaab', 'four places at the server')
  assert.ok(['v', 'w'].every((user) => {
    const grant = scene.limiter.call(caller(user, { tenant: 'b' }), 'other' as typeof fs, undefined, Infinity)
    return !(grant instanceof Promise) && grant.admitted
  }), 'and two more in all')
  scene.limiter.close()
})
