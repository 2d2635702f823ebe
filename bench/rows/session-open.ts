import { createStage } from './stage.ts'
import { cellOf } from './cell.ts'
import type { Target } from '../targets/target.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

const SESSIONS = 300
const SESSIONS_WITH_CHILD = 20

/** Row 11: initialize + initialized, one session after the other, each on a fresh connection; the child already runs where it is shared. */
export async function measureSessionOpen (bench: Bench): Promise<Cell[]> {
  const stage = createStage('echo')
  const runners = bench.targets.filter((target) => target.family !== 'fastify').map((target) => ({ target, samples: [] as Figures[], note: undefined as string | undefined }))
  try {
    for (let round = 0; round <= bench.effort.repeats; round++) {
      for (const runner of runners) {
        if (runner.note !== undefined) continue
        try {
          const figures = await openMany(bench, await stage.enter(runner.target), runner.target)
          if (round === 0) continue
          runner.samples.push(figures)
          bench.say(`session-open round ${round} ${runner.target.id}: p50 ${figures['p50Ms']?.toFixed(2)} ms, p99 ${figures['p99Ms']?.toFixed(2)} ms`)
        } catch (error) {
          runner.note = messageOf(error)
          bench.say(`session-open ${runner.target.id}: ${firstLineOf(runner.note)}`)
        }
      }
    }
  } finally {
    await stage.close()
  }
  return runners.map(({ target, samples, note }) => cellOf('session-open', target, { backend: 'echo', sessions: sessionsFor(target), samples, note }))
}

const sessionsFor = (target: Target): number => target.children === 'shared' || target.children === 'user' ? SESSIONS : SESSIONS_WITH_CHILD

async function openMany ({ driver }: Bench, started: Awaited<ReturnType<Target['start']>>, target: Target): Promise<Figures> {
  const { p50Ms, p99Ms } = await driver.open(started.endpoint, sessionsFor(target), { atOnce: 1 })
  await driver.close('delete')
  return { p50Ms, p99Ms }
}
