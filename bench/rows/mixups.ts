import type { Crossing } from '../targets/target.ts'
import { createStage } from './stage.ts'
import { cellOf } from './cell.ts'
import { messageOf } from './failure.ts'
import type { Bench, Cell } from './row.ts'

const CALLS = 1_000_000
/** In the other crossings, where it is the way of the message that differs, not the bookkeeping of ids. */
const CALLS_ELSEWHERE = 200_000
const SESSIONS = 1000
const CONCURRENCY = 256
const WITHIN_MS = 150_000

/**
 * Row 15: many calls over many sessions, all counting their ids from 1, in front of a server that answers in reverse
 * order. Every answer is checked for its id and for a payload that no other call has.
 */
export async function measureMixups (bench: Bench, row: string, crossing: Crossing): Promise<Cell[]> {
  const stage = createStage('echo-reverse', crossing)
  const ofOurs = crossing === 'stdio' ? CALLS : CALLS_ELSEWHERE
  const cells: Cell[] = []
  try {
    for (const target of bench.targets.filter(({ maxSessions, family, takes }) => maxSessions >= SESSIONS && family !== 'fastify' && takes.includes(crossing))) {
      const ours = target.family === 'drawbridge'
      const maxCalls = Math.ceil((ours ? ofOurs : CALLS / 20) / bench.effort.divideBy)
      try {
        const started = await stage.enter(target)
        await bench.driver.open(started.endpoint, SESSIONS)
        const { calls, errors, mixups, firstError, callsPerSecond } = await bench.driver.run({ concurrency: CONCURRENCY, payloadBytes: 100, warmMs: 0, forMs: WITHIN_MS, maxCalls })
        await bench.driver.close('delete')
        bench.say(`${row} ${target.id}: ${mixups} in ${calls} calls`)
        cells.push(cellOf(row, target, { backend: 'echo-reverse', sessions: SESSIONS, samples: [{ calls, errors, mixups, callsPerSecond }], note: firstError }))
      } catch (error) {
        cells.push(cellOf(row, target, { backend: 'echo-reverse', sessions: SESSIONS, samples: [], note: messageOf(error) }))
      }
    }
  } finally {
    await stage.close()
  }
  return cells
}
