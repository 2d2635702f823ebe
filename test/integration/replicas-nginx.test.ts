/** nginx in front of replicas: reloads cut no stream and lose no call (FR32), and no idle connection is closed under a request (FR33). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ledgerSet } from '../chaos/ledger-set.ts'
import { tallyOf } from '../chaos/ledger.ts'
import { startLoad } from '../chaos/load.ts'
import { manyUsers } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const NOTHING_BAD = { clean: 0, unknown: 0, lost: 0, dup: 0, mix: 0, lied: 0 }

describe('nginx in front of replicas', () => {
  it('twenty reloads under load with open streams: nothing lost, no stream cut, every old worker ends with its last stream (FR32)', async (t) => {
    const users = manyUsers(6, ['acme', 'globex'])
    const { set, file } = await ledgerSet(t, { users })
    const names = users.map(({ user }) => user)
    const listeners = await Promise.all(names.map(async (user) => {
      const wire = set.wire(user, 'ledger')
      await wire.open()
      return { wire, stream: await wire.listen() }
    }))
    let cut = 0
    for (const { stream } of listeners) stream.ended.then(() => { cut++ }).catch(() => undefined)
    const load = startLoad({ target: set, server: 'ledger', legacyUsers: names.slice(0, 3), modernUsers: names.slice(3), everyMs: 150, callMs: [2, 20, 100], deadlineMs: 20_000, resendsReset: true })
    for (let reloads = 0; reloads < 20; reloads++) {
      const before = load.calls.length
      await set.nginx.reload()
      await until('calls go on', () => load.calls.length > before, 20_000)
    }
    const { clean, unknown, lost, dup, mix, lied, details } = tallyOf(await load.stop(), file)
    assert.deepEqual({ clean, unknown, lost, dup, mix, lied }, NOTHING_BAD, JSON.stringify(details))
    assert.equal(cut, 0)
    for (const { wire } of listeners) {
      await wire.end()
      wire.close()
    }
    await until('old workers are gone', () => set.nginx.workers().length === 2, 20_000)
  })

  it('calls that come just as nginx lets go of idle connections find another one (FR33)', async (t) => {
    const users = manyUsers(6)
    // A tenth of what a production nginx keeps them; the gateway keeps its side for 75 s.
    const keepAliveMs = 600
    const { set, file } = await ledgerSet(t, { users, keepAliveMs })
    const names = users.map(({ user }) => user)
    const calls = []
    for (const jitterMs of [-10, -5, 0, 5, 10]) {
      const load = startLoad({ target: set, server: 'ledger', legacyUsers: [], modernUsers: names, everyMs: keepAliveMs + jitterMs, deadlineMs: 20_000 })
      await until('everybody has called three times', () => load.calls.length >= 3 * names.length, 30_000)
      calls.push(...await load.stop())
    }
    const { clean, unknown, lost, dup, mix, lied, details } = tallyOf(calls, file)
    assert.deepEqual({ clean, unknown, lost, dup, mix, lied }, NOTHING_BAD, JSON.stringify(details))
  })
})
