import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPlans } from '../../../src/limits/plans.ts'
import { chargeAll } from '../../../src/limits/meter.ts'
import { createWindow, placesTaken } from '../../../src/limits/sliding-window.ts'
import { caller, fs, limits, testClock, tools } from './callers.ts'

test('users who were idle for a minute are forgotten, and memory follows the traffic', () => {
  const clock = testClock()
  const plans = createPlans({ limits: limits(), servers: tools() })
  for (let i = 0; i < 10_000; i++) chargeAll(plans.of(caller(`user-${i}`), clock.nowMs()).calls(fs, 'read').meters, clock.nowMs())
  assert.equal(plans.size(), 10_001, 'everybody and the tenant')
  clock.advance(60_000)
  const alice = caller('alice')
  for (let i = 0; i < 6000; i++) chargeAll(plans.of(alice, clock.nowMs()).requests.meters, clock.nowMs())
  assert.ok(plans.size() <= 2, `${plans.size()} are kept`)
})

test('a principal whose account was forgotten shares the new one with every other principal of the user', () => {
  const clock = testClock()
  const plans = createPlans({ limits: limits(), servers: tools() })
  const old = caller('alice')
  chargeAll(plans.of(old, clock.nowMs()).requests.meters, clock.nowMs())
  clock.advance(60_000)
  for (let i = 0; i < 10; i++) plans.of(caller('bob'), clock.nowMs())
  const young = caller('alice')
  chargeAll(plans.of(young, clock.nowMs()).requests.meters, clock.nowMs())
  chargeAll(plans.of(old, clock.nowMs()).requests.meters, clock.nowMs())
  assert.equal(placesTaken(plans.of(young, clock.nowMs()).requests.meters[0]?.window ?? createWindow(), clock.nowMs()), 2)
})

test('nobody is forgotten while a call runs or waits', () => {
  const clock = testClock()
  const plans = createPlans({ limits: limits(), servers: tools() })
  const busy = plans.of(caller('busy'), clock.nowMs()).places(fs).user
  busy.slots.taken = 1
  const queued = plans.of(caller('queued'), clock.nowMs()).places(fs).user
  queued.waiting = 1
  clock.advance(600_000)
  for (let i = 0; i < 50; i++) plans.of(caller('bob'), clock.nowMs())
  assert.equal(plans.of(caller('busy'), clock.nowMs()).places(fs).user, busy)
  assert.equal(plans.of(caller('queued'), clock.nowMs()).places(fs).user, queued)
})
