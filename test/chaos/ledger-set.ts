import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ServerEntry } from '../helpers/programs.ts'
import { startReplicas, type ReplicaSet, type ReplicaSetOptions } from '../helpers/replicas.ts'
import { roomyLimits, roomyPool } from '../helpers/server-entries.ts'
import { ledgerServer } from './ledger.ts'

export interface LedgerSetOptions extends Partial<ReplicaSetOptions> {
  /** More keys of the one server's entry. */
  readonly entry?: Readonly<Record<string, unknown>>
  /** More servers. */
  readonly servers?: Readonly<Record<string, ServerEntry>>
  /** More keys of the gateway file. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** Replicas whose one server, `ledger`, writes down what it runs; stopped, and checked to leave nothing, with the test. */
export async function ledgerSet (t: TestContext, { entry, servers, more, ...options }: LedgerSetOptions = {}): Promise<{ readonly set: ReplicaSet, readonly file: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-ledger-'))
  const file = join(dir, 'ledger')
  writeFileSync(file, '')
  const set = await startReplicas({
    ...options,
    config: { mcpServers: { ledger: ledgerServer(file, { pool: roomyPool, ...entry }), ...servers }, limits: roomyLimits, pool: { maxWorkersPerTenant: 500, maxWorkers: 500 }, ...more }
  })
  t.after(async () => {
    await set.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return { set, file }
}
