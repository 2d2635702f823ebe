/** No one tenant can have all of a server's slots (FR15). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryLimiter, type CallGrant } from '../../../src/limits/index.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { caller, fs, limits, testClock } from './callers.ts'

type Held = Extract<CallGrant, { admitted: true }>

/** A server with three slots, of which a tenant may have two, unless said otherwise. */
const bounded = (perTenant?: number): ReadonlyMap<ServerName, ServerSettings> => new Map([[fs, serverSettings({ name: 'fs', concurrentCalls: 3, ...(perTenant === undefined ? {} : { concurrentCallsPerTenant: perTenant }) })]])

function limiterOf (perTenant?: number) {
  const clock = testClock()
  const limiter = createMemoryLimiter(limits({ callsPerMinute: 10_000 }), undefined, bounded(perTenant), { clock })
  const call = (tenant: string, user = 'u', deadlineMs = Infinity) => limiter.call(caller(user, { tenant }), fs, undefined, deadlineMs)
  const now = (tenant: string, user?: string): Held => {
    const grant = call(tenant, user)
    assert.ok(!(grant instanceof Promise) && grant.admitted, 'granted at once')
    return grant
  }
  return { limiter, clock, call, now }
}

describe('slots of one tenant at one server', () => {
  it('a tenant at its bound waits, however many slots the server has left, and another tenant does not', async () => {
    const { call, now } = limiterOf(2)
    const [first] = [now('a', 'one'), now('a', 'two')]
    const third = call('a', 'three')
    assert.ok(third instanceof Promise)
    const other = now('b')
    first?.release()
    const granted = await third
    assert.ok(granted.admitted)
    other.release()
  })

  it('users of the tenant take turns in its line', async () => {
    const { call, now } = limiterOf(1)
    const order: string[] = []
    const held = now('a', 'zero')
    const wait = async (user: string): Promise<void> => {
      const grant = await call('a', user)
      assert.ok(grant.admitted)
      order.push(user)
      grant.release()
    }
    const waiting = ['one', 'one', 'one', 'two'].map(wait)
    held.release()
    await Promise.all(waiting)
    assert.ok(order.indexOf('two') <= 1, order.join())
  })

  it('is refused as the tenant\'s own bound when the deadline passes, and an idle tenant keeps what it holds', async () => {
    const { call, now, clock, limiter } = limiterOf(1)
    const held = now('a')
    const late = await call('a', 'u', clock.nowMs())
    assert.ok(!late.admitted)
    assert.deepEqual([late.refusal.name, late.refusal.code], ['tenant_server_concurrency', 'GW_LIMIT_CONCURRENCY'])
    clock.advance(3_600_000)
    for (let n = 0; n < 100; n++) limiter.request(caller(`walker${n}`, { tenant: 'other' }))
    assert.ok(call('a') instanceof Promise, 'still held after an hour')
    held.release()
  })

  it('without the bound one tenant may have all', () => {
    const { now } = limiterOf()
    for (const user of ['one', 'two', 'three']) now('a', user)
  })
})
