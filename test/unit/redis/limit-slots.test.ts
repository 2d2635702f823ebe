/** Slots as the script keeps them, at times that the test says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decisions } from './decide-script.ts'

const ADMITTED = 0
const NO_SLOT = 200
const slots = { s: 2 }

test('slots are shared, and given back', async (t) => {
  const scene = await decisions(t)
  const verdicts = []
  for (const lease of ['one', 'two', 'one']) verdicts.push((await scene.ask({ lease, windows: { w: 10 }, slots })).verdict)
  assert.deepEqual(verdicts, [ADMITTED, ADMITTED, NO_SLOT])
  await scene.giveBack('s', 'one')
  assert.equal((await scene.ask({ lease: 'two', windows: { w: 10 }, slots })).verdict, ADMITTED)
  await scene.giveBack('s', 'one')
  assert.equal((await scene.ask({ lease: 'two', windows: { w: 10 }, slots })).verdict, NO_SLOT, 'nobody gives back more than they hold')
  for (let held = 2; held > 0; held--) await scene.giveBack('s', 'two')
  assert.equal(await scene.redis.cli('EXISTS', 's'), '0')
})

test('what a replica held that says nothing any more is free within ten seconds (FR30)', async (t) => {
  const scene = await decisions(t)
  for (const lease of ['dead', 'dead']) await scene.ask({ lease, windows: { w: 10 }, slots })
  scene.nowMs += 8999
  assert.equal((await scene.ask({ lease: 'live', windows: { w: 10 }, slots })).verdict, NO_SLOT)
  scene.nowMs += 1
  assert.equal((await scene.ask({ lease: 'live', windows: { w: 10 }, slots })).verdict, ADMITTED)
  assert.ok(Number(await scene.redis.cli('PTTL', 's')) <= 10_000)
})

test('what is asserted stays held, and puts right what was wrong', async (t) => {
  const scene = await decisions(t)
  await scene.ask({ lease: 'slow', windows: { w: 10 }, slots })
  scene.nowMs += 6000
  await scene.hold('s', 1, 'slow')
  scene.nowMs += 6000
  assert.equal((await scene.ask({ lease: 'other', windows: { w: 10 }, slots: { s: 1 } })).verdict, NO_SLOT)
  await scene.redis.cli('FLUSHALL')
  await scene.hold('s', 2, 'slow')
  assert.equal((await scene.ask({ lease: 'other', windows: { w: 10 }, slots })).verdict, NO_SLOT)
  await scene.hold('s', 0, 'slow')
  assert.equal((await scene.ask({ lease: 'other', windows: { w: 10 }, slots: { s: 1 } })).verdict, ADMITTED)
})

test('a slot is for whoever waited longest, in whichever replica, for as long as they ask again', async (t) => {
  const scene = await decisions(t)
  const ask = async (lease: string, waitedMs?: number): Promise<number> =>
    (await scene.ask({ lease, windows: { w: 100 }, slots: { s: 1 }, ...(waitedMs === undefined ? {} : { waitedMs }) })).verdict
  assert.equal(await ask('one'), ADMITTED)
  assert.equal(await ask('two', 500), NO_SLOT)
  assert.equal(await ask('three', 900), NO_SLOT)
  await scene.giveBack('s', 'one')
  assert.equal(await ask('one'), NO_SLOT, 'nobody goes past those who wait')
  assert.equal(await ask('two', 500), NO_SLOT, 'nor past those who wait longer')
  assert.equal(await ask('three', 900), ADMITTED)
  await scene.giveBack('s', 'three')
  scene.nowMs += 239
  assert.equal(await ask('one'), NO_SLOT)
  scene.nowMs += 1
  assert.equal(await ask('one'), ADMITTED, 'who does not ask again has gone')
})
