/**
 * What becomes of workers under abuse, row by row, with the figures: real gateways, real processes, signals.
 *
 *   npm run chaos:workers                       every row, about six minutes
 *   npm run chaos:workers -- --only FR01,FR04   these rows
 *   npm run chaos:workers -- --quick            a quarter of the load, about two minutes
 *
 * Prints one table; ends with 1 if a figure is not what was wanted. Figures in milliseconds are for a machine that does
 * nothing else.
 */
import { parseArgs } from 'node:util'
import { cancels } from './rows/cancel.ts'
import { crash } from './rows/crash.ts'
import type { Figure, Row } from './figure.ts'
import { greedy } from './rows/greedy.ts'
import { hang } from './rows/hang.ts'
import { leftovers } from './rows/leftovers.ts'
import { heavyJson, unreadResults } from './rows/memory.ts'
import { brokenLines, deafWorker, stderrFlood } from './rows/noise.ts'
import { crashLoop, slowStart } from './rows/start.ts'
import { leaking } from './rows/wear.ts'

const ROWS: readonly Row[] = [crash, hang, slowStart, crashLoop, greedy, stderrFlood, brokenLines, leaking, deafWorker, cancels, heavyJson, unreadResults, leftovers]

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } })
const wanted = values.only?.split(',').map((id) => id.trim().toUpperCase())
const unknown = wanted?.filter((id) => !ROWS.some((row) => row.id === id)) ?? []
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${ROWS.map(({ id }) => id).join(', ')}`)
  process.exit(2)
}

let failures = 0
console.log('| row | figure | wanted | measured | ok |\n|---|---|---|---|---|')
for (const row of ROWS) {
  if (wanted !== undefined && !wanted.includes(row.id)) continue
  for (const { what, wanted: bound, measured, ok } of await figuresOf(row)) {
    if (ok === false) failures += 1
    console.log(`| ${row.id} | ${what} | ${bound} | ${measured} | ${ok === undefined ? '' : ok ? 'ok' : 'NO'} |`)
  }
}
process.exit(failures === 0 ? 0 : 1)

/** A row that cannot be run to its end is a figure that is not met. */
async function figuresOf (row: Row): Promise<Figure[]> {
  const startedMs = performance.now()
  console.error(`${row.id}: ${row.title}`)
  try {
    return await row.run({ isQuick: values.quick })
  } catch (error) {
    return [{ what: row.title, wanted: 'runs to its end', measured: String(error).slice(0, 200), ok: false }]
  } finally {
    console.error(`${row.id}: ${Math.round((performance.now() - startedMs) / 1000)} s`)
  }
}
