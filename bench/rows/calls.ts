import type { Backend, Crossing, Target } from '../targets/target.ts'
import { cellOf } from './cell.ts'
import { createStage, type Stage } from './stage.ts'
import { warmUp } from './warm-up.ts'
import { measureWindow, type Window } from './window.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

/** A row of calls: so many sessions, so many calls under way. */
export interface CallRow {
  readonly id: string
  readonly crossing: Crossing
  readonly backend: Backend
  readonly sessions: number
  readonly concurrency: number
  readonly payloadBytes: number
}

const row = (id: string, sessions: number, concurrency: number, more: Partial<CallRow> = {}): CallRow =>
  ({ id, crossing: 'stdio', backend: 'echo', sessions, concurrency, payloadBytes: 100, ...more })

const MIB = 1_048_576
const [MODERN, PLAIN, HTTP, HTTP_MODERN] = [{ crossing: 'stdio-modern' }, { crossing: 'plain' }, { crossing: 'http' }, { crossing: 'http-modern' }] as const

export const callRows: readonly CallRow[] = [
  row('s1c1', 1, 1),
  row('s10c10', 10, 10),
  row('s100c64', 100, 64),
  row('s1000c64', 1000, 64),
  row('1MiB', 4, 4, { payloadBytes: MIB }),
  row('everything', 10, 10, { backend: 'everything' }),
  row('modern-s1c1', 1, 1, MODERN),
  row('modern-s10c10', 10, 10, MODERN),
  row('modern-s100c64', 100, 64, MODERN),
  row('modern-1MiB', 4, 4, { ...MODERN, payloadBytes: MIB }),
  row('plain-s1c1', 1, 1, PLAIN),
  row('plain-s10c10', 10, 10, PLAIN),
  row('http-s1c1', 1, 1, HTTP),
  row('http-s100c64', 100, 64, HTTP),
  row('http-1MiB', 4, 4, { ...HTTP, payloadBytes: MIB }),
  row('http-modern-s1c1', 1, 1, HTTP_MODERN),
  row('http-modern-s100c64', 100, 64, HTTP_MODERN)
]

/** Measures call rows of one crossing and backend: every round visits every target once, so that drift of the machine meets all alike. */
export async function measureCallRows (bench: Bench, rows: readonly CallRow[]): Promise<Cell[]> {
  const [first] = rows
  if (first === undefined) return []
  const stage = createStage(first.backend, first.crossing)
  const cells: Cell[] = []
  try {
    for (const row of rows) cells.push(...await measureRow(bench, stage, row))
  } finally {
    await stage.close()
  }
  return cells
}

async function measureRow (bench: Bench, stage: Stage, row: CallRow): Promise<Cell[]> {
  const runners = bench.targets.filter((target) => takes(target, row)).map((target) => ({ target, samples: [] as Figures[], note: reasonToSkip(target, row) }))
  for (let round = 1; round <= bench.effort.repeats; round++) {
    for (const runner of runners) {
      if (runner.note !== undefined && runner.samples.length === 0) continue
      try {
        await warmUp(bench, await stage.enter(runner.target), runner.target)
        const { figures, firstError } = await visit(bench, stage, runner.target, row)
        runner.samples.push(figures)
        runner.note ??= noteOn(figures, firstError)
        bench.say(`${row.id} round ${round} ${runner.target.id}: ${Math.round(figures['callsPerSecond'] ?? 0)} calls/s, ${(figures['gatewayCpuUs'] ?? 0).toFixed(1)} µs`)
      } catch (error) {
        runner.note = messageOf(error)
        bench.say(`${row.id} round ${round} ${runner.target.id}: ${firstLineOf(runner.note)}`)
      }
      if (bench.effort.fresh) await stage.leave(runner.target)
    }
  }
  return runners.map(({ target, samples, note }) => cellOf(row.id, target, { backend: row.backend, sessions: row.sessions, samples, note }))
}

async function visit (bench: Bench, stage: Stage, target: Target, row: CallRow): Promise<Window> {
  const started = await stage.enter(target)
  await bench.driver.open(started.endpoint, row.sessions)
  try {
    return await measureWindow(bench, started, row)
  } finally {
    await bench.driver.close('delete')
  }
}

function noteOn ({ mixups = 0, calls = 1 }: Figures, firstError: string | undefined): string | undefined {
  if (mixups > 0) return `${Math.round(mixups / calls * 100)} % of the answers belonged to other calls`
  return firstError === undefined ? undefined : `errors: ${firstError}`
}

const takes = (target: Target, row: CallRow): boolean =>
  target.takes.includes(row.crossing) && (row.backend === 'echo' || target.family !== 'fastify')

function reasonToSkip (target: Target, row: CallRow): string | undefined {
  if (row.sessions <= target.maxSessions) return undefined
  return `not run: a child per ${target.children}, asked for at most ${target.maxSessions} sessions here`
}
