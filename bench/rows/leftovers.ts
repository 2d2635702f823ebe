import { setTimeout as wait } from 'node:timers/promises'
import { readMemoryKiB, readTree } from '../machine/process-tree.ts'
import { backendCommand } from '../targets/backends.ts'
import { SHORT_IDLE_MS } from '../targets/index.ts'
import type { Started, Target } from '../targets/target.ts'
import { cellOf } from './cell.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

const VISITS = 1000
const VISITS_WITH_CHILD = 100
/** After this the servers of vanished clients should be gone: the idle time, its timer's grain, and the end of a process. */
const GONE_WITHIN_MS = SHORT_IDLE_MS * 2 + 3000

/** Row 13: clients that open a session, call once and leave, by DELETE or by vanishing; then the children that are still there. */
export async function measureLeftovers (bench: Bench, end: 'delete' | 'drop'): Promise<Cell[]> {
  const row = end === 'delete' ? 'leftovers-delete' : 'leftovers-drop'
  const cells: Cell[] = []
  for (const target of bench.targets.filter((candidate) => candidate.family !== 'fastify' && candidate.children !== 'request')) {
    const visits = Math.ceil((target.children === 'session' ? VISITS_WITH_CHILD : VISITS) / bench.effort.divideBy)
    try {
      const { figures, note } = await measureOne(bench, target, visits, end)
      bench.say(`${row} ${target.id}: ${figures['extraChildren']} children left of ${visits} clients`)
      cells.push(cellOf(row, target, { backend: 'echo', sessions: visits, samples: [figures], note }))
    } catch (error) {
      const note = messageOf(error)
      bench.say(`${row} ${target.id}: ${firstLineOf(note)}`)
      cells.push(cellOf(row, target, { backend: 'echo', sessions: visits, samples: [], note }))
    }
  }
  return cells
}

async function measureOne ({ driver }: Bench, target: Target, visits: number, end: 'delete' | 'drop'): Promise<{ figures: Figures, note: string | undefined }> {
  const started = await target.start(backendCommand('echo'))
  try {
    const atStart = look(started)
    const report = await driver.cycles({ endpoint: started.endpoint, count: visits, atOnce: 8, end })
    const peak = look(started)
    const mayStay = target.children === 'shared' ? 1 : 0
    const left = await untilNoneLeft(started, mayStay)
    const figures = {
      done: report.done,
      failed: report.failed,
      perVisitMs: report.tookMs / visits,
      childrenAtStart: atStart.children,
      childrenAtEnd: peak.children,
      leftChildren: left.children,
      extraChildren: Math.max(0, left.children - mayStay),
      gatewayHeapBeforeKiB: atStart.gatewayKiB,
      gatewayHeapAfterKiB: left.gatewayKiB
    }
    return { figures, note: report.firstError }
  } finally {
    await started.process.stop()
  }
}

/** Waits for the children to go, but not longer than the idle time allows; a shared child may stay. */
async function untilNoneLeft (started: Started, mayStay: number): Promise<ReturnType<typeof look>> {
  const until = performance.now() + GONE_WITHIN_MS
  let seen = look(started)
  while (seen.children > mayStay && performance.now() < until) {
    await wait(250)
    seen = look(started)
  }
  return seen
}

function look ({ process: { pid, tag } }: Started): { children: number, gatewayKiB: number } {
  const { gatewayPids, backendPids } = readTree(pid, tag)
  return { children: backendPids.length, gatewayKiB: readMemoryKiB(gatewayPids).anonymous }
}
