import { backendCommand } from '../targets/backends.ts'
import { createStage } from './stage.ts'
import { cellOf } from './cell.ts'
import { onSpares, SPARES } from '../targets/index.ts'
import type { Target } from '../targets/target.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

const SESSIONS = 300
const SESSIONS_WITH_CHILD = 20

/** New users of one round: all find a spare, and are done before the first spare is replaced. */
const NEWCOMERS = SPARES - 4
/** Replacing the spares of a round takes about four seconds of one CPU. */
const REFILL_MS = 6000

/**
 * Row 11: initialize + initialized, one session after the other, each on a fresh connection; the child already runs where it is
 * shared. The last target is for sessions of users that nobody has seen before, each with a worker of their own: spares.
 */
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
  const cells = runners.map(({ target, samples, note }) => cellOf('session-open', target, { backend: 'echo', sessions: sessionsFor(target), samples, note }))
  return bench.targets.some(({ family }) => family === 'drawbridge') ? [...cells, await openNewcomers(bench)] : cells
}

const sessionsFor = (target: Target): number => target.children === 'shared' || target.children === 'user' ? SESSIONS : SESSIONS_WITH_CHILD

async function openMany ({ driver }: Bench, started: Awaited<ReturnType<Target['start']>>, target: Target): Promise<Figures> {
  const { p50Ms, p99Ms } = await driver.open(started.endpoint, sessionsFor(target), { atOnce: 1 })
  await driver.close('delete')
  return { p50Ms, p99Ms }
}

/** Every opening is somebody's first: the spare is bound and greeted on the way. The first round is for the compiler, as above. */
async function openNewcomers ({ driver, effort, say }: Bench): Promise<Cell> {
  const samples: Figures[] = []
  let note: string | undefined
  try {
    const { process, endpoint } = await onSpares.start(backendCommand('echo'))
    try {
      for (let round = 0; round <= effort.repeats; round++) {
        await new Promise((resolve) => { setTimeout(resolve, REFILL_MS) })
        const credentials = endpoint.credentials.slice(round * NEWCOMERS, (round + 1) * NEWCOMERS)
        const { p50Ms, p99Ms } = await driver.open({ ...endpoint, credentials }, NEWCOMERS, { atOnce: 1 })
        await driver.close('delete')
        if (round > 0) samples.push({ p50Ms, p99Ms })
      }
    } finally {
      await process.stop()
    }
  } catch (error) {
    note = messageOf(error)
  }
  say(`session-open ${onSpares.id}: ${note === undefined ? samples.map((figures) => `p50 ${figures['p50Ms']?.toFixed(2)} ms, p99 ${figures['p99Ms']?.toFixed(2)} ms`).join('; ') : firstLineOf(note)}`)
  return cellOf('session-open', onSpares, { backend: 'echo', sessions: NEWCOMERS, samples, note })
}
