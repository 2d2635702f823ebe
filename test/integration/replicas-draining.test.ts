/** Replicas that are told to end, one after the other, under load: calls finish, users move, nothing is lost (FR31). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ledgerServer, tallyOf } from '../chaos/ledger.ts'
import { startLoad } from '../chaos/load.ts'
import { send } from '../helpers/http-exchange.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { REPLICA_HEADER, startReplicas, type ReplicaSet, type ReplicaSetOptions } from '../helpers/replicas.ts'
import { manyUsers, roomyLimits, roomyPool } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

/** A file that servers write what they ran into, and a set of replicas that is stopped with the test. */
async function scene (t: TestContext, more: Partial<ReplicaSetOptions> & { readonly entry?: Readonly<Record<string, unknown>> } = {}): Promise<{ readonly set: ReplicaSet, readonly file: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-ledger-'))
  const file = join(dir, 'ledger')
  writeFileSync(file, '')
  const { entry, config, ...options } = more
  const set = await startReplicas({
    ...options,
    config: { mcpServers: { ledger: ledgerServer(file, { pool: roomyPool, ...entry }) }, limits: roomyLimits, pool: { maxWorkersPerTenant: 500, maxWorkers: 500 }, ...config }
  })
  t.after(async () => {
    await set.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return { set, file }
}

describe('draining among replicas', () => {
  it('rolling restart under load: nothing lost, nothing twice, nobody mixed up, exit code 0', async (t) => {
    const users = manyUsers(12, ['acme', 'globex'])
    const { set, file } = await scene(t, { users, config: { drainLeadMs: 1000, drainMs: 10_000 } as never })
    const names = users.map(({ user }) => user)
    const load = startLoad({ target: set, server: 'ledger', legacyUsers: names.slice(0, 6), modernUsers: names.slice(6), everyMs: 100, callMs: [2, 50, 5, 300, 2, 10] })
    await until('all users have called', () => new Set(load.calls.map(({ user }) => user)).size === 12, 20_000)
    const codes: Array<number | null> = []
    for (const replica of set.replicas) {
      codes.push(await replica.stop())
      await replica.start()
    }
    const calls = await load.stop()
    const tally = tallyOf(calls, file)
    assert.deepEqual(codes, [0, 0])
    assert.deepEqual({ lost: tally.lost, unknown: tally.unknown, dup: tally.dup, mix: tally.mix, lied: tally.lied }, { lost: 0, unknown: 0, dup: 0, mix: 0, lied: 0 })
  })
})
