import { callRows, measureCallRows } from './calls.ts'
import { measureIdleMemory } from './idle-memory.ts'
import { measureLeftovers } from './leftovers.ts'
import { measureMixups } from './mixups.ts'
import { measureSessionOpen } from './session-open.ts'
import { measureStdioFloor } from './stdio-floor.ts'
import { targets as allTargets, withShortIdle } from '../targets/index.ts'
import type { Bench, Cell } from './row.ts'

const QUICK_SKIPS = new Set(['everything', 's1000c64', 'leftovers-delete'])

/** Runs the rows one after the other, each over all its targets. */
export async function runRows (bench: Bench, { only, quick }: { readonly only: readonly string[], readonly quick: boolean }): Promise<Cell[]> {
  const rowsNamed = only.some((id) => !allTargets.some((target) => target.id === id))
  const wanted = (id: string) => rowsNamed ? only.includes(id) : !(quick && QUICK_SKIPS.has(id))
  const cells: Cell[] = []
  if (wanted('stdio-floor') || wanted('s1c1')) cells.push(await measureStdioFloor(bench))
  for (const backend of ['echo', 'everything'] as const) {
    const rows = callRows.filter((row) => row.backend === backend && wanted(row.id))
    if (rows.length > 0) cells.push(...await measureCallRows(bench, backend, rows))
  }
  if (wanted('session-open')) cells.push(...await measureSessionOpen(bench))
  if (wanted('idle-memory')) cells.push(...await measureIdleMemory(bench))
  const churn = { ...bench, targets: withShortIdle(bench.targets) }
  if (wanted('leftovers-delete')) cells.push(...await measureLeftovers(churn, 'delete'))
  if (wanted('leftovers-drop')) cells.push(...await measureLeftovers(churn, 'drop'))
  if (wanted('mixups')) cells.push(...await measureMixups(bench))
  return cells
}
