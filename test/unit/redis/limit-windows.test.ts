/** Windows and quotas as the script keeps them, at times that the test says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { periodEndMs } from '../../../src/limits/calendar.ts'
import { seeded } from '../../helpers/random.ts'
import { decisions } from './decide-script.ts'

const ADMITTED = 0
const FULL = 100

describe('a shared window', () => {
  it('admits at most so many in any 60 s, and frees each place at most a second late', async (t) => {
    const scene = await decisions(t)
    const random = seeded(7)
    const limit = 20
    const admitted: number[] = []
    let refused = 0
    for (let sent = 0; sent < 3000; sent++) {
      // Bursts, pauses and a steady trickle.
      scene.nowMs += Math.floor(random() < 0.02 ? random() * 70_000 : random() < 0.5 ? random() * 40 : random() * 4000)
      const { verdict, left, resetS } = await scene.ask({ windows: { w: limit } })
      const inWindow = admitted.filter((at) => at + 60_000 > scene.nowMs).length
      const almost = admitted.filter((at) => at + 61_000 > scene.nowMs).length
      if (verdict === ADMITTED) {
        assert.ok(inWindow < limit, `call ${sent}: ${inWindow + 1} in 60 s`)
        assert.ok(left <= limit - inWindow - 1 && left >= limit - almost - 1, `call ${sent}: ${left} left after ${inWindow + 1}`)
        admitted.push(scene.nowMs)
        continue
      }
      refused++
      assert.equal(verdict, FULL)
      assert.ok(almost >= limit, `call ${sent}: refused though only ${almost} were admitted in 61 s`)
      const trueS = ((admitted[admitted.length - limit] ?? 0) + 60_000 - scene.nowMs) / 1000
      assert.ok(resetS >= trueS && resetS <= trueS + 2.001, `call ${sent}: ${resetS} s, really ${trueS}`)
    }
    assert.ok(refused > 500, `${refused} refused`)
  })

  it('is a few entries with an end, whatever the limit and the traffic (FR25)', async (t) => {
    const scene = await decisions(t)
    for (let sent = 0; sent < 2000; sent++) {
      scene.nowMs += 150
      assert.equal((await scene.ask({ windows: { w: 1_000_000_000 } })).verdict, ADMITTED)
    }
    const fields = Number(await scene.redis.cli('HLEN', 'w'))
    assert.ok(fields <= 65, `${fields} fields after 2000 calls in 300 s`)
    const endsMs = Number(await scene.redis.cli('PTTL', 'w'))
    assert.ok(endsMs > 0 && endsMs <= 62_000, `${endsMs} ms`)
    const counted = 1_000_000_000 - (await scene.ask({ windows: { w: 1_000_000_000 } })).left
    assert.ok(counted >= 400 && counted <= 408, `${counted}: those of the last 60 s, and of the second that began before`)
  })

  it('is counted anew when the clock of Redis was set back: nobody is locked out for as long (FR36)', async (t) => {
    const scene = await decisions(t)
    await scene.ask({ windows: { w: 1 } })
    assert.equal((await scene.ask({ windows: { w: 1 } })).verdict, FULL)
    scene.nowMs -= 500
    assert.deepEqual(await scene.ask({ windows: { w: 1 } }), { verdict: FULL, left: 0, resetS: 61 }, 'by less than a second: time stands still')
    scene.nowMs -= 3_600_000
    assert.equal((await scene.ask({ windows: { w: 1 } })).verdict, ADMITTED)
    assert.equal((await scene.ask({ windows: { w: 1 } })).verdict, FULL)
  })

  it('of two limits holds for each, and the one with the smaller says when a place comes free', async (t) => {
    const scene = await decisions(t)
    for (let sent = 0; sent < 5; sent++) {
      await scene.ask({ windows: { w: 10 } })
      scene.nowMs += 2000
    }
    const refused = await scene.ask({ windows: { w: 3 } })
    // Of five the third has to go before there is one less than three.
    assert.deepEqual(refused, { verdict: FULL, left: 0, resetS: 54 })
    scene.nowMs += 54_000
    assert.equal((await scene.ask({ windows: { w: 3 } })).verdict, ADMITTED)
  })

  it('is charged together with all others of the question, or none is', async (t) => {
    const scene = await decisions(t)
    await scene.ask({ windows: { narrow: 1 } })
    const refused = await scene.ask({ windows: { wide: 5, narrow: 1 }, quotas: { q: ['d', 5] }, slots: { s: 5 } })
    assert.deepEqual(refused, { verdict: FULL + 1, left: 0, resetS: 60 })
    assert.equal(await scene.redis.cli('EXISTS', 'wide', 'q', 's'), '0')
    const bySlots = await scene.ask({ windows: { wide: 5 }, quotas: { q: ['d', 5] }, slots: { s: 0 } })
    assert.equal(bySlots.verdict, 200)
    assert.equal(await scene.redis.cli('EXISTS', 'wide', 'q'), '0')
    assert.deepEqual(await scene.ask({ windows: { wide: 5, mid: 3 }, quotas: { q: ['d', 2] } }), { verdict: 2, left: 1, resetS: (periodEndMs('day', scene.nowMs) - scene.nowMs) / 1000 }, 'the tightest is the quota')
  })

  it('of limit 0 admits nobody', async (t) => {
    const scene = await decisions(t)
    assert.deepEqual(await scene.ask({ windows: { w: 0 } }), { verdict: FULL, left: 0, resetS: 60 })
  })
})

describe('a shared quota', () => {
  it('begins anew with each calendar day and month (UTC)', async (t) => {
    const scene = await decisions(t)
    const days = ['2024-02-28', '2024-02-29', '2025-02-28', '2025-12-31', '2026-01-01', '2026-11-30', '2027-03-01', '2100-02-28']
    for (const day of days) {
      for (const [kind, period] of [['d', 'day'], ['m', 'month']] as const) {
        scene.nowMs = Date.parse(`${day}T23:59:58.500Z`)
        const key = `${day} ${kind}`
        const endMs = periodEndMs(period, scene.nowMs)
        assert.equal((await scene.ask({ quotas: { [key]: [kind, 1] } })).verdict, ADMITTED, key)
        const resetS = Math.ceil((endMs - scene.nowMs) / 1000)
        assert.deepEqual(await scene.ask({ quotas: { [key]: [kind, 1] } }), { verdict: FULL, left: 0, resetS }, key)
        scene.nowMs = endMs - 1
        assert.equal((await scene.ask({ quotas: { [key]: [kind, 1] } })).verdict, FULL, key)
        scene.nowMs = endMs
        assert.equal((await scene.ask({ quotas: { [key]: [kind, 1] } })).verdict, ADMITTED, key)
        assert.ok(Number(await scene.redis.cli('PTTL', key)) > 0)
      }
    }
  })

  it('is kept to the last of many', async (t) => {
    const scene = await decisions(t)
    await scene.redis.cli('SET', 'big', '20414:999999999999')
    scene.nowMs = 20414 * 86_400_000 + 1000
    assert.equal((await scene.ask({ quotas: { big: ['d', 1_000_000_000_000] } })).verdict, ADMITTED)
    assert.equal(await scene.redis.cli('GET', 'big'), '20414:1000000000000')
    assert.equal((await scene.ask({ quotas: { big: ['d', 1_000_000_000_000] } })).verdict, FULL)
  })
})
