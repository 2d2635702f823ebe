import { median } from '../load/percentile.ts'
import type { Cell, Figures } from '../rows/row.ts'
import type { Target } from '../targets/target.ts'

/** One line of the table of ratios: ours against a rival or a floor, with what it must and what it should reach. */
export interface Ratio {
  /** What is compared, with its sessions and calls under way. */
  readonly what: string
  readonly ours: string
  /** Row that it comes from; its cell of ours tells users and sessions. */
  readonly row: string
  readonly against: string
  readonly value: number
  readonly unit: 'x' | 'ms' | 'KiB' | ''
  /** `up`: more is better. */
  readonly better: 'up' | 'down'
  readonly gate?: number
  readonly aim?: number
}

type Goal = Pick<Ratio, 'row' | 'what' | 'unit' | 'better'> & { readonly gate?: number, readonly aim?: number }

/** All ratios that the cells allow. Gates and aims: rulings 9. */
export function ratiosOf (cells: readonly Cell[], targets: readonly Target[]): Ratio[] {
  const look = createLookup(cells, targets)
  return look.ours().flatMap((ours) => [
    ...throughput(look, ours),
    ...cpu(look, ours),
    ...plain(look, ours)
  ])
}

function throughput (look: Lookup, ours: string): Ratio[] {
  const speed = (row: string, family: string, gate?: number, aim?: number): Ratio[] => {
    const goal: Goal = { row, what: 'calls/s', unit: 'x', better: 'up', ...(gate === undefined ? {} : { gate }), ...(aim === undefined ? {} : { aim }) }
    return look.rivals(family).flatMap((rival) => look.paired(row, ours, rival, 'callsPerSecond', goal))
  }
  return [
    ...speed('s100c64', 'mcp-proxy', 6, 8), ...speed('s100c64', 'supergateway', 12, 16), ...speed('s100c64', 'naive'),
    ...speed('s1000c64', 'mcp-proxy', 6, 8), ...speed('s1000c64', 'naive'),
    ...speed('s10c10', 'mcp-proxy'), ...speed('s10c10', 'supergateway'),
    ...speed('everything', 'mcp-proxy'), ...speed('everything', 'supergateway'),
    ...speed('1MiB', 'mcp-proxy', 2, 4)
  ]
}

function cpu (look: Lookup, ours: string): Ratio[] {
  const floor: Goal = { row: 's100c64', what: 'gateway CPU per call / raw Fastify echo', unit: 'x', better: 'down', gate: 2, aim: 1.62 }
  const saved: Goal = { row: 's100c64', what: 'gateway CPU per call, theirs / ours', unit: 'x', better: 'up' }
  return [
    ...look.paired('s100c64', ours, 'fastify', 'gatewayCpuUs', floor),
    ...[...look.rivals('mcp-proxy'), ...look.rivals('supergateway')].flatMap((rival) =>
      look.paired('s100c64', ours, rival, 'gatewayCpuUs', saved).map((ratio) => ({ ...ratio, value: 1 / ratio.value })))
  ]
}

function plain (look: Lookup, ours: string): Ratio[] {
  const floorMs = look.figure('stdio-floor', 'stdio', 'p50Ms')
  const p50 = look.figure('s1c1', ours, 'p50Ms')
  const added = floorMs === undefined || p50 === undefined ? [] : [p50 - floorMs]
  const value = (what: string, row: string, figure: string, unit: Ratio['unit'], gate: number, aim: number): Ratio[] => {
    const found = look.figure(row, ours, figure)
    return found === undefined ? [] : [{ row, what, ours, against: '', value: found, unit, better: 'down', gate, aim }]
  }
  return [
    ...added.map((ms): Ratio => ({ row: 's1c1', what: 'added p50 at one call at a time', ours, against: 'stdio', value: ms, unit: 'ms', better: 'down', gate: 0.25, aim: 0.2 })),
    ...value('memory per idle session with its stream', 'idle-memory', 'perSessionKiB', 'KiB', 48, 32),
    ...value('session open p50', 'session-open', 'p50Ms', 'ms', 3, 2),
    ...value('session open p99', 'session-open', 'p99Ms', 'ms', 20, 10),
    ...value('children left after DELETE', 'leftovers-delete', 'extraChildren', '', 0, 0),
    ...value('children left of vanished clients', 'leftovers-drop', 'extraChildren', '', 0, 0),
    ...value('mixups', 'mixups', 'mixups', '', 0, 0)
  ]
}

interface Lookup {
  readonly ours: () => string[]
  readonly rivals: (family: string) => string[]
  readonly figure: (row: string, target: string, figure: string) => number | undefined
  readonly paired: (row: string, ours: string, rival: string, figure: string, goal: Goal) => Ratio[]
}

function createLookup (cells: readonly Cell[], targets: readonly Target[]): Lookup {
  const cell = (row: string, target: string) => cells.find((found) => found.row === row && found.target === target)
  const ids = (family: string) => [...new Set(targets.filter((target) => target.family === family).map(({ id }) => id))]
  return {
    ours: () => ids('drawbridge').concat(cells.some(({ target }) => target === 'drawbridge-session') ? ['drawbridge-session'] : []),
    rivals: ids,
    figure: (row, target, figure) => cell(row, target)?.median[figure],
    paired: (row, ours, rival, figure, goal) => {
      const value = medianOfPairs(cell(row, ours)?.samples ?? [], cell(row, rival)?.samples ?? [], figure)
      return value === undefined ? [] : [{ ...goal, ours, against: rival, value }]
    }
  }
}

/** Round by round ours / theirs, then the median: drift of the machine cancels within a round. A rival whose calls all failed gives none. */
function medianOfPairs (ours: readonly Figures[], theirs: readonly Figures[], figure: string): number | undefined {
  const ratios = ours.flatMap((figures, round) => {
    const [mine, yours] = [figures[figure], theirs[round]?.[figure]]
    return mine === undefined || yours === undefined || yours === 0 ? [] : [mine / yours]
  })
  return ratios.length === 0 ? undefined : median(ratios)
}
