import { callRows, measureCallRows } from './calls.ts'
import { measureFirstCall } from './first-call.ts'
import { measureIdleMemory } from './idle-memory.ts'
import { measureLeftovers } from './leftovers.ts'
import { measureMixups } from './mixups.ts'
import { measureSessionOpen } from './session-open.ts'
import { measureStdioFloor } from './stdio-floor.ts'
import { measureUsers } from './users.ts'
import { targets as allTargets, withShortIdle } from '../targets/index.ts'
import type { Bench, Cell } from './row.ts'

const QUICK_SKIPS = new Set(['everything', 's1000c64', 'leftovers-delete', 'modern-s1c1', 'modern-s10c10', 'modern-1MiB', 'plain-s1c1', 'plain-s10c10', 'http-1MiB', 'http-modern-s1c1', 'first-call', 'users', 'modern-mixups', 'http-mixups', 'http-modern-mixups'])

const MIXUP_ROWS = [['mixups', 'stdio'], ['modern-mixups', 'stdio-modern'], ['http-mixups', 'http'], ['http-modern-mixups', 'http-modern']] as const

/** Runs the rows one after the other, each over all its targets. */
export async function runRows (bench: Bench, { only, quick }: { readonly only: readonly string[], readonly quick: boolean }): Promise<Cell[]> {
  const rowsNamed = only.some((id) => !allTargets.some((target) => target.id === id))
  const wanted = (id: string) => rowsNamed ? only.includes(id) : !(quick && QUICK_SKIPS.has(id))
  const cells: Cell[] = []
  if (['stdio-floor', 's1c1', 'modern-s1c1'].some(wanted)) cells.push(await measureStdioFloor(bench))
  const calls = Map.groupBy(callRows.filter((row) => wanted(row.id)), ({ crossing, backend }) => `${crossing} ${backend}`)
  for (const rows of calls.values()) cells.push(...await measureCallRows(bench, rows))
  const sessions = { ...bench, targets: bench.targets.filter(({ takes }) => takes.includes('stdio')) }
  if (wanted('session-open')) cells.push(...await measureSessionOpen(sessions))
  if (wanted('idle-memory')) cells.push(...await measureIdleMemory(sessions))
  const churn = { ...sessions, targets: withShortIdle(sessions.targets) }
  if (wanted('leftovers-delete')) cells.push(...await measureLeftovers(churn, 'delete'))
  if (wanted('leftovers-drop')) cells.push(...await measureLeftovers(churn, 'drop'))
  if (wanted('first-call')) cells.push(...await measureFirstCall(bench))
  if (wanted('users')) cells.push(...await measureUsers(bench))
  for (const [row, crossing] of MIXUP_ROWS) if (wanted(row)) cells.push(...await measureMixups(bench, row, crossing))
  return cells
}
