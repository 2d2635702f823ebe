import { setTimeout as wait } from 'node:timers/promises'
import { readMemoryKiB, readTree } from '../machine/process-tree.ts'
import { backendCommand } from '../targets/backends.ts'
import type { Started, Target } from '../targets/target.ts'
import { cellOf } from './cell.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

const SESSIONS = 1000
const SESSIONS_WITH_CHILD = 40
const SETTLE_MS = 1500

/**
 * Row 9: what the whole tree grew by, a session, when idle sessions opened, each with its POST connection and its GET
 * stream. Anonymous memory: the share of a program's text changes with every other Node that runs on the machine.
 */
export async function measureIdleMemory (bench: Bench): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const target of bench.targets.filter((candidate) => candidate.family !== 'fastify')) {
    if (target.children === 'request') {
      cells.push(cellOf('idle-memory', target, { backend: 'echo', sessions: 0, samples: [], note: 'holds no session' }))
      continue
    }
    const sessions = target.children === 'session' ? SESSIONS_WITH_CHILD : Math.ceil(SESSIONS / bench.effort.divideBy)
    try {
      const figures = await measureOne(bench, target, sessions)
      bench.say(`idle-memory ${target.id}: ${figures['perSessionKiB']?.toFixed(1)} KiB per session`)
      cells.push(cellOf('idle-memory', target, { backend: 'echo', sessions, samples: [figures] }))
    } catch (error) {
      const note = messageOf(error)
      bench.say(`idle-memory ${target.id}: ${firstLineOf(note)}`)
      cells.push(cellOf('idle-memory', target, { backend: 'echo', sessions, samples: [], note }))
    }
  }
  return cells
}

async function measureOne ({ driver }: Bench, target: Target, sessions: number): Promise<Figures> {
  const started = await target.start(backendCommand('echo'))
  try {
    const warm = Math.max(1, target.users)
    await driver.open(started.endpoint, warm)
    await driver.run({ concurrency: warm, payloadBytes: 100, warmMs: 0, forMs: 1000, maxCalls: 500 })
    await driver.close('delete')
    await wait(SETTLE_MS)
    const before = look(started)
    const { tookMs } = await driver.open(started.endpoint, sessions, { streams: target.id !== 'mcp-proxy-stateless' })
    await wait(SETTLE_MS)
    const after = look(started)
    await driver.close('drop')
    return {
      beforePssKiB: before.pssKiB,
      afterPssKiB: after.pssKiB,
      perSessionKiB: (after.heapKiB - before.heapKiB) / sessions,
      processes: after.processes,
      openedMs: tookMs
    }
  } finally {
    await started.process.stop()
  }
}

function look ({ process: { pid, tag } }: Started): { pssKiB: number, heapKiB: number, processes: number } {
  const { gatewayPids, backendPids } = readTree(pid, tag)
  const pids = [...gatewayPids, ...backendPids]
  const { pss, anonymous } = readMemoryKiB(pids)
  return { pssKiB: pss, heapKiB: anonymous, processes: pids.length }
}
