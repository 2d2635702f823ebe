import { setTimeout as wait } from 'node:timers/promises'
import { readMemoryKiB, readTree } from '../machine/process-tree.ts'
import { backendCommand } from '../targets/backends.ts'
import type { Started, Target } from '../targets/target.ts'
import { MANY_USERS, perUser } from '../targets/index.ts'
import { cellOf } from './cell.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'
import { measureWindow } from './window.ts'

const CONCURRENCY = 64
const SETTLE_MS = 1500

/**
 * A stdio server per user: everybody comes for the first time (a process is started for each), everybody calls, what it all
 * weighs, and everybody leaves and comes back. Where a target has a process per session, a user is a session.
 */
export async function measureUsers (bench: Bench): Promise<Cell[]> {
  const cells: Cell[] = []
  const users = Math.ceil(MANY_USERS / bench.effort.divideBy)
  for (const target of perUser) {
    try {
      const { figures, note } = await measureOne(bench, target, users)
      bench.say(`users ${target.id}: first call p50 ${figures['coldFirstCallP50Ms']?.toFixed(0)} ms, ${figures['callsPerSecond']?.toFixed(0)} calls/s, ${figures['gatewayKiBPerUser']?.toFixed(0)} KiB of the gateway per user`)
      cells.push(cellOf('users', target, { backend: 'echo', sessions: users, samples: [figures], note }))
    } catch (error) {
      const note = messageOf(error)
      bench.say(`users ${target.id}: ${firstLineOf(note)}`)
      cells.push(cellOf('users', target, { backend: 'echo', sessions: users, samples: [], note }))
    }
  }
  return cells
}

async function measureOne (bench: Bench, target: Target, users: number): Promise<{ figures: Figures, note: string | undefined }> {
  const { driver } = bench
  const started = await target.start(backendCommand('echo'))
  try {
    const before = look(started)
    const cold = await driver.open(started.endpoint, users, { firstCall: true })
    await wait(SETTLE_MS)
    const grown = look(started)
    const { figures: calls, firstError } = await measureWindow(bench, started, { concurrency: Math.min(CONCURRENCY, users), payloadBytes: 100 })
    await driver.close('delete')
    const back = await driver.open(started.endpoint, users, { firstCall: true })
    await driver.close('delete')
    const figures = {
      coldFirstCallP50Ms: cold.firstCallP50Ms,
      coldFirstCallP99Ms: cold.firstCallP99Ms,
      coldUsersPerSecond: users / cold.tookMs * 1000,
      callsPerSecond: calls['callsPerSecond'] ?? Number.NaN,
      callP50Ms: calls['p50Ms'] ?? Number.NaN,
      callP99Ms: calls['p99Ms'] ?? Number.NaN,
      rootCpuUs: calls['rootCpuUs'] ?? Number.NaN,
      errors: calls['errors'] ?? Number.NaN,
      mixups: calls['mixups'] ?? Number.NaN,
      backFirstCallP50Ms: back.firstCallP50Ms,
      backFirstCallP99Ms: back.firstCallP99Ms,
      treeMiBPerUser: (grown.treeKiB - before.treeKiB) / users / 1024,
      gatewayKiBPerUser: (grown.gatewayKiB - before.gatewayKiB) / users,
      processesPerUser: (grown.processes - before.processes) / users
    }
    return { figures, note: firstError }
  } finally {
    await started.process.stop()
  }
}

/** Helpers that a gateway starts around each server (a shell, a sandbox) count as the server's, not as the gateway's own. */
function look ({ process: { pid, tag } }: Started): { treeKiB: number, gatewayKiB: number, processes: number } {
  const { gatewayPids, backendPids } = readTree(pid, tag)
  return { treeKiB: readMemoryKiB([...gatewayPids, ...backendPids]).pss, gatewayKiB: readMemoryKiB([pid]).anonymous, processes: gatewayPids.length + backendPids.length }
}
