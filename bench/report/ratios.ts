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
    ...latency(look, ours),
    ...coldOpen(look, ours),
    ...plain(look, ours)
  ])
}

function throughput (look: Lookup, ours: string): Ratio[] {
  const speed = (row: string, family: string, gate?: number, aim?: number): Ratio[] => {
    const goal: Goal = { row, what: 'calls/s', unit: 'x', better: 'up', ...(gate === undefined ? {} : { gate }), ...(aim === undefined ? {} : { aim }) }
    return look.rivals(family).flatMap((rival) => look.paired(row, ours, rival, 'callsPerSecond', goal))
  }
  return [
    ...['s100c64', 's1000c64', 'modern-s100c64'].flatMap((row) => speed(row, 'mcp-proxy', 6, 8)),
    ...speed('s100c64', 'supergateway', 12, 16),
    ...['s10c10', 'modern-s10c10', 'everything'].flatMap((row) => [...speed(row, 'mcp-proxy'), ...speed(row, 'supergateway')]),
    ...['s100c64', 's1000c64'].flatMap((row) => speed(row, 'naive')),
    ...['1MiB', 'modern-1MiB'].flatMap((row) => speed(row, 'mcp-proxy', 2, 4)),
    ...['http-s100c64', 'http-modern-s100c64'].flatMap((row) => [...speed(row, 'http-proxy', 1.4, 1.7), ...speed(row, 'nginx', 0.37, 0.45)]),
    ...['http-proxy', 'nginx'].flatMap((family) => speed('http-1MiB', family)),
    ...['plain-s1c1', 'plain-s10c10'].flatMap((row) => speed(row, 'ray-serve'))
  ]
}

/** Rows whose CPU per call is compared with a family of rivals. */
const CPU_PAIRS = [
  ['s100c64', 'mcp-proxy'], ['s100c64', 'supergateway'], ['modern-s100c64', 'mcp-proxy'],
  ['http-s100c64', 'http-proxy'], ['http-s100c64', 'nginx'], ['http-modern-s100c64', 'http-proxy'], ['http-modern-s100c64', 'nginx']
] as const

function cpu (look: Lookup, ours: string): Ratio[] {
  const floor = { what: 'gateway CPU per call / raw Fastify echo', unit: 'x', better: 'down', gate: 2, aim: 1.62 } as const
  const saved = { what: 'gateway CPU per call, theirs / ours', unit: 'x', better: 'up' } as const
  return [
    ...['s100c64', 'modern-s100c64'].flatMap((row) => look.paired(row, ours, 'fastify', 'gatewayCpuUs', { ...floor, row, ...(ours === 'drawbridge-redis' ? { gate: 2.6, aim: 2.02 } : {}) })),
    ...['s100c64', 'modern-s100c64'].flatMap((row) => withRedis(look, ours, row)),
    ...CPU_PAIRS.flatMap(([row, family]) => look.rivals(family).flatMap((rival) =>
      look.paired(row, ours, rival, 'gatewayCpuUs', { ...saved, row }).map((ratio) => ({ ...ratio, value: 1 / ratio.value }))))
  ]
}

/** What Redis adds to a call, in calls of the floor (rulings 9). */
function withRedis (look: Lookup, ours: string, row: string): Ratio[] {
  if (ours !== 'drawbridge-redis') return []
  const [shared, alone, floor] = ['drawbridge-redis', 'drawbridge-shared', 'fastify'].map((target) => look.rounds(row, target, 'gatewayCpuUs'))
  const added = (shared ?? []).flatMap((us, round) => {
    const [without, echo] = [alone?.[round], floor?.[round]]
    return without === undefined || echo === undefined ? [] : [(us - without) / echo]
  })
  if (added.length === 0) return []
  return [{ row, what: 'gateway CPU per call that Redis adds / raw Fastify echo', ours, against: 'drawbridge-shared', value: median(added), unit: 'x', better: 'down', gate: 0.6, aim: 0.4 }]
}

function latency (look: Lookup, ours: string): Ratio[] {
  const added = (row: string, floorRow: string, floor: string, gate: number, aim: number): Ratio[] => {
    const [floorMs, p50] = [look.figure(floorRow, floor, 'p50Ms'), look.figure(row, ours, 'p50Ms')]
    if (floorMs === undefined || p50 === undefined) return []
    return [{ row, what: 'added p50 at one call at a time', ours, against: floor, value: p50 - floorMs, unit: 'ms', better: 'down', gate, aim }]
  }
  return [
    ...['s1c1', 'modern-s1c1'].flatMap((row) => added(row, 'stdio-floor', 'stdio', 0.25, 0.2)),
    ...['http-s1c1', 'http-modern-s1c1'].flatMap((row) => added(row, row, 'direct', 0.2, 0.15))
  ]
}

/** A cold start beside the plain binary, both to the initialize answer. */
function coldOpen (look: Lookup, ours: string): Ratio[] {
  const [plainMs, coldMs] = [look.figure('first-call', 'plain-binary', 'initializeMs'), look.figure('first-call', ours, 'initializeMs')]
  if (ours !== 'drawbridge-cold' || plainMs === undefined || coldMs === undefined) return []
  return [{ row: 'first-call', what: 'cold open / the plain binary', ours, against: 'plain-binary', value: coldMs / plainMs, unit: 'x', better: 'down', gate: 1.05, aim: 1.02 }]
}

function plain (look: Lookup, ours: string): Ratio[] {
  const value = (what: string, row: string, figure: string, unit: Ratio['unit'], gate: number, aim: number): Ratio[] => {
    const found = look.figure(row, ours, figure)
    return found === undefined ? [] : [{ row, what, ours, against: '', value: found, unit, better: 'down', gate, aim }]
  }
  return [
    ...value('memory per idle session with its stream', 'idle-memory', 'perSessionKiB', 'KiB', 48, 32),
    ...value('session open p50', 'session-open', 'p50Ms', 'ms', 3, 2),
    ...value('session open p99', 'session-open', 'p99Ms', 'ms', 20, 10),
    ...(ours === 'drawbridge-warm' ? value('first call of a new user, p50', 'first-call', 'firstCallMs', 'ms', 15, 10) : []),
    ...value('gateway memory per user with a worker', 'users', 'gatewayKiBPerUser', 'KiB', 96, 64),
    ...value('children left after DELETE', 'leftovers-delete', 'extraChildren', '', 0, 0),
    ...value('children left of vanished clients', 'leftovers-drop', 'extraChildren', '', 0, 0),
    ...look.total(ours, 'mixups').map((total): Ratio => ({ row: 'all', what: 'mixups in all rows together', ours, against: '', value: total, unit: '', better: 'down', gate: 0, aim: 0 }))
  ]
}

interface Lookup {
  readonly ours: () => string[]
  readonly rivals: (family: string) => string[]
  readonly figure: (row: string, target: string, figure: string) => number | undefined
  /** A figure in each round. */
  readonly rounds: (row: string, target: string, figure: string) => number[]
  /** Sum of a figure over every repeat of every row; empty where no row has it. */
  readonly total: (target: string, figure: string) => number[]
  readonly paired: (row: string, ours: string, rival: string, figure: string, goal: Goal) => Ratio[]
}

/** Modes of ours that only some rows have. */
const ELSEWHERE = ['drawbridge-session', 'drawbridge-cold', 'drawbridge-warm', 'drawbridge-warm-contained', 'drawbridge-users', 'drawbridge-users-contained']

function createLookup (cells: readonly Cell[], targets: readonly Target[]): Lookup {
  const cell = (row: string, target: string) => cells.find((found) => found.row === row && found.target === target)
  const ids = (family: string) => [...new Set(targets.filter((target) => target.family === family).map(({ id }) => id))]
  return {
    ours: () => ids('drawbridge').concat(ELSEWHERE.filter((id) => cells.some(({ target }) => target === id))),
    rivals: ids,
    figure: (row, target, figure) => cell(row, target)?.median[figure],
    rounds: (row, target, figure) => cell(row, target)?.samples.flatMap((figures) => figures[figure] ?? []) ?? [],
    total: (target, figure) => {
      const found = cells.filter((one) => one.target === target).flatMap(({ samples }) => samples).flatMap((figures) => figures[figure] ?? [])
      return found.length === 0 ? [] : [found.reduce((sum, more) => sum + more, 0)]
    },
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
