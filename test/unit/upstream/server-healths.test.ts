import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CircuitState } from '../../../src/resilience/index.ts'
import { ServerHealths } from '../../../src/upstream/health/server-healths.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

const BREAKER = { calls: 4, windowMs: 10_000, failedPercent: 50, openMs: 5000, maxOpenMs: 60_000 }

function healthsAt () {
  const clock = { ms: 0 }
  const states: CircuitState[] = []
  const back: string[] = []
  const thrown: unknown[] = []
  const healths = new ServerHealths({ nowMs: () => clock.ms, onThrown: (error) => { thrown.push(error) }, onBack: ({ entryHash }) => { back.push(entryHash) }, events: { circuit: (_server, state) => { states.push(state) }, retried () {}, tokenFetched () {} } })
  return { healths, clock, states, back, thrown }
}

describe('what callers of one entry find out together', () => {
  it('is of one entry: a changed one begins anew', () => {
    const { healths, states } = healthsAt()
    const one = healths.of(serverSettings({ breaker: BREAKER, entryHash: '1' })).health
    assert.equal(healths.of(serverSettings({ breaker: BREAKER, entryHash: '1' })).health, one)
    one.failed()
    one.failed()
    assert.ok(one.refusedMs() > 0)
    assert.equal(healths.of(serverSettings({ breaker: BREAKER, entryHash: '2' })).health.refusedMs(), 0)
    assert.deepEqual(states, ['open'])
    assert.deepEqual(['1', '2', '3'].map((entryHash) => healths.isOpen(serverSettings({ breaker: BREAKER, entryHash }))), [true, false, undefined])
    healths.close()
  })

  it('without a connection that could be asked, the next opening is the probe, and only one; what comes of it decides', () => {
    const { healths, clock, back, thrown } = healthsAt()
    const { health } = healths.of(serverSettings({ breaker: BREAKER, entryHash: '1' }))
    health.failed()
    health.failed()
    assert.ok((health.mayOpen() as number) > 0, 'not while it is open')
    clock.ms += 5000
    assert.deepEqual([health.awayMs(false), health.awayMs(true)], [0, 1000])
    assert.deepEqual([health.mayOpen(), health.mayOpen()], ['probe', 1000])
    health.probed(false)
    assert.equal(health.state, 'open')
    clock.ms += 10_000
    assert.equal(health.mayOpen(), 'probe')
    health.withdrawn()
    assert.equal(health.mayOpen(), 'probe')
    health.probed(true)
    assert.deepEqual([health.mayOpen(), back, thrown], [0, ['1'], []])
    healths.close()
  })

  it('an entry without a breaker lets everything through, and one without retries retries nothing', () => {
    const { healths } = healthsAt()
    const { health, tokens } = healths.of(serverSettings())
    for (let n = 0; n < 100; n++) health.failed()
    assert.deepEqual([health.refusedMs(), health.awayMs(true), health.mayOpen(), health.retryAfterMs(0), health.mayResend(), tokens], [0, 0, 0, undefined, true, undefined])
    healths.close()
  })
})
