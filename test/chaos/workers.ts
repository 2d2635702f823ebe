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
import { cancels } from './rows/cancel.ts'
import { crash } from './rows/crash.ts'
import type { Row } from './figure.ts'
import { greedy } from './rows/greedy.ts'
import { hang } from './rows/hang.ts'
import { leftovers } from './rows/leftovers.ts'
import { heavyJson, unreadResults } from './rows/memory.ts'
import { brokenLines, deafWorker, stderrFlood } from './rows/noise.ts'
import { crashLoop, slowStart } from './rows/start.ts'
import { leaking } from './rows/wear.ts'
import { runRows } from './run-rows.ts'

const ROWS: readonly Row[] = [crash, hang, slowStart, crashLoop, greedy, stderrFlood, brokenLines, leaking, deafWorker, cancels, heavyJson, unreadResults, leftovers]

process.exit(await runRows(ROWS))
