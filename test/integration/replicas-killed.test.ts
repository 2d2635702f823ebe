/** A replica is killed under load behind nginx: calls sent afterwards are answered, nothing runs twice, nothing is left behind (FR30, T44). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ledgerSet } from '../chaos/ledger-set.ts'
import { tallyOf } from '../chaos/ledger.ts'
import { recoveredMs, startLoad } from '../chaos/load.ts'
import type { TestReplica } from '../helpers/replicas.ts'
import { manyUsers } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

describe('kill -9 of a replica', () => {
  it('under load of both eras: only what was in flight there may be lost', async (t) => {
    const users = manyUsers(8, ['acme', 'globex'])
    const { set, file } = await ledgerSet(t, { users })
    const names = users.map(({ user }) => user)
    const load = startLoad({ target: set, server: 'ledger', legacyUsers: names.slice(0, 4), modernUsers: names.slice(4), callMs: [2, 50, 5, 300, 2, 10], deadlineMs: 20_000 })
    const haveAllCalled = (sinceMs: number): boolean => new Set(load.calls.filter(({ outcome, startedMs }) => outcome === 'ok' && startedMs > sinceMs).map(({ user }) => user)).size === users.length
    await until('all users have called', () => haveAllCalled(0), 20_000)
    const [one] = set.replicas as readonly [TestReplica]
    const killedMs = performance.now()
    one.gateway.kill('SIGKILL')
    await one.gateway.exited
    const goneMs = performance.now()
    await one.kill()
    await until('all users are served again', () => haveAllCalled(killedMs), 30_000)
    await one.start()
    const backMs = performance.now()
    await until('all users are served after the return', () => haveAllCalled(backMs), 30_000)
    const calls = await load.stop()
    const tally = tallyOf(calls, file)
    const bad = calls.filter(({ outcome }) => outcome === 'lost' || outcome === 'unknown')
    // A connection that is refused is another replica's request.
    const sentAfterwards = bad.filter(({ startedMs }) => startedMs > goneMs)
    assert.deepEqual(sentAfterwards, [], set.nginx.log().slice(-2000))
    assert.deepEqual({ dup: tally.dup, mix: tally.mix, lied: tally.lied }, { dup: 0, mix: 0, lied: 0 }, JSON.stringify(tally.details))
    assert.ok(recoveredMs(calls, killedMs) < 10_000, `${recoveredMs(calls, killedMs)} ms`)
  })
})
