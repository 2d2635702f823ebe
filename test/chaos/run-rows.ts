import { parseArgs } from 'node:util'
import type { Figure, Row } from './figure.ts'

/**
 * Runs the rows that the command line names, or all, and prints one table. Options: `--only ID,…`, `--quick`.
 * @returns exit code: 0 = every figure is as wanted, 1 = some is not, 2 = no such row
 */
export async function runRows (rows: readonly Row[]): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } })
  const wanted = values.only?.split(',').map((id) => id.trim().toUpperCase())
  const unknown = wanted?.filter((id) => !rows.some((row) => row.id === id)) ?? []
  if (unknown.length > 0) {
    console.error(`no such row: ${unknown.join(', ')}; there are ${rows.map(({ id }) => id).join(', ')}`)
    return 2
  }
  let failures = 0
  console.log('| row | figure | wanted | measured | ok |\n|---|---|---|---|---|')
  for (const row of rows) {
    if (wanted !== undefined && !wanted.includes(row.id)) continue
    for (const { what, wanted: bound, measured, ok } of await figuresOf(row, values.quick)) {
      if (ok === false) failures += 1
      console.log(`| ${row.id} | ${what} | ${bound} | ${measured} | ${ok === undefined ? '' : ok ? 'ok' : 'NO'} |`)
    }
  }
  return failures === 0 ? 0 : 1
}

/** A row that cannot be run to its end is a figure that is not met. */
async function figuresOf (row: Row, isQuick: boolean): Promise<Figure[]> {
  const startedMs = performance.now()
  console.error(`${row.id}: ${row.title}`)
  try {
    return await row.run({ isQuick })
  } catch (error) {
    return [{ what: row.title, wanted: 'runs to its end', measured: String(error).slice(0, 200), ok: false }]
  } finally {
    console.error(`${row.id}: ${Math.round((performance.now() - startedMs) / 1000)} s`)
  }
}
