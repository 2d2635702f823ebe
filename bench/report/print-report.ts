import type { Cell } from '../rows/row.ts'
import type { Target } from '../targets/target.ts'
import { ratiosOf, type Ratio } from './ratios.ts'
import { number, textTable } from './text-table.ts'

const CALLS = ['callsPerSecond', 'p50Ms', 'p99Ms', 'gatewayCpuUs', 'rootCpuUs', 'serverCpuUs', 'treeCpuUs', 'errors', 'mixups', 'foreignCpuShare']

/** Prints what was measured, row by row, and last the table of ratios. */
export function printReport (cells: readonly Cell[], targets: readonly Target[]): void {
  const rows = Map.groupBy(cells, ({ row }) => row)
  for (const [row, found] of rows) process.stdout.write(`\n${row}\n${measured(found)}\n`)
  const ratios = ratiosOf(cells, targets)
  if (ratios.length > 0) process.stdout.write(`\nratios (medians of pairs of one run)\n${ratioTable(ratios, cells)}\n`)
}

function measured (cells: readonly Cell[]): string {
  const figures = [...new Set(cells.flatMap(({ median }) => Object.keys(median)))].filter((name) => name !== 'calls' || !cells.some(({ median }) => 'p50Ms' in median))
  const shown = figures.includes('callsPerSecond') && figures.includes('p50Ms') ? CALLS.filter((name) => figures.includes(name)) : figures
  const lines = cells.map((cell) => [
    cell.target, cell.children, String(cell.users), String(cell.sessions),
    ...shown.map((name) => number(cell.median[name])),
    cell.note?.split('\n')[0]?.slice(0, 90) ?? ''
  ])
  return textTable(['target', 'child per', 'users', 'sessions', ...shown, 'note'], lines, 2)
}

function ratioTable (ratios: readonly Ratio[], cells: readonly Cell[]): string {
  const cellOf = ({ row, ours }: Ratio) => cells.find((cell) => cell.row === row && cell.target === ours)
  const lines = ratios.map((ratio) => [
    ratio.ours, ratio.row, ratio.what, ratio.against,
    String(cellOf(ratio)?.users ?? ''), String(cellOf(ratio)?.sessions ?? ''),
    `${number(ratio.value)} ${ratio.unit}`.trim(), goal(ratio, ratio.gate), goal(ratio, ratio.aim), verdict(ratio)
  ])
  return textTable(['ours', 'row', 'what', 'against', 'users', 'sessions', 'value', 'gate', 'aim', ''], lines, 4)
}

const goal = ({ better }: Ratio, value: number | undefined): string => value === undefined ? '' : `${better === 'up' ? '>=' : '<='} ${value}`

/** `aim`, `gate` or `MISSED`; nothing where no gate is set. */
export function verdict ({ value, better, gate, aim }: Ratio): string {
  const reaches = (bound: number) => better === 'up' ? value >= bound : value <= bound
  if (gate === undefined) return ''
  if (aim !== undefined && reaches(aim)) return 'aim'
  return reaches(gate) ? 'gate' : 'MISSED'
}
