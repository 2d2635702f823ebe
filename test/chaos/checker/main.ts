/**
 * Holds the gateway to its promises under trouble: clients of both eras use replicas behind nginx while workers, replicas, Redis
 * and servers are killed, frozen and changed, one trouble every five seconds; everything that happened is then held to eight
 * invariants.
 *
 *   npm run checker -- --seed 7 --seconds 120
 *   npm run checker -- --seed 7 --seconds 120 --only kill-replica,flush-redis     these troubles; to find which one it was
 *   npm run checker -- --seed 7 --seconds 120 --without step-clock                all but these
 *   npm run checker -- --seed 7 --replicas 3 --clients 20
 *
 * Prints the seed, what became of the operations and every violation with what happened around it; ends with 1 on any. The
 * seed decides what clients and troubles do, and not how fast.
 */
import { parseArgs } from 'node:util'
import { textOf, type History } from './history.ts'
import { NEMESES } from './nemeses.ts'
import { runCheck, type CheckOptions } from './run-check.ts'

/** Of one kind, so many violations are shown with their history. */
const SHOWN = 5

function optionsOf (args: readonly string[]): CheckOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, seconds: { type: 'string' }, only: { type: 'string' }, without: { type: 'string' }, replicas: { type: 'string' }, clients: { type: 'string' }, project: { type: 'string' } }
  })
  const without = values.without?.split(',') ?? []
  const nemeses = (values.only?.split(',').filter(Boolean) ?? Object.keys(NEMESES)).filter((name) => !without.includes(name))
  const unknown = [...nemeses, ...without].filter((name) => !Object.hasOwn(NEMESES, name))
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(NEMESES).join(', ')}`)
  return {
    seed: Number(values.seed ?? Math.floor(Math.random() * 1e9)),
    seconds: Number(values.seconds ?? 120),
    nemeses,
    ...(values.replicas === undefined ? {} : { replicas: Number(values.replicas) }),
    ...(values.clients === undefined ? {} : { clients: Number(values.clients) }),
    ...(values.project === undefined ? {} : { project: values.project })
  }
}

/** One line for each kind of operation: how many ended in which way. */
function countsOf ({ operations }: History): string[] {
  const rows = new Map<string, Map<string, number>>()
  for (const { era, kind, fate = 'open', detail = '' } of operations) {
    const row = rows.get(`${era} ${kind}`) ?? new Map<string, number>()
    rows.set(`${era} ${kind}`, row)
    const how = fate === 'ok' ? 'ok' : `${fate} ${detail}`
    row.set(how, (row.get(how) ?? 0) + 1)
  }
  return [...rows].sort().map(([name, row]) => `  ${name.padEnd(18)} ${[...row].sort((a, b) => b[1] - a[1]).map(([how, count]) => `${count} ${how}`).join(', ')}`)
}

function violationsOf (history: History): string[] {
  const shown = new Map<number, number>()
  return history.violations.flatMap(({ invariant, what, operation }) => {
    const times = (shown.get(invariant) ?? 0) + 1
    shown.set(invariant, times)
    if (times > SHOWN) return []
    return [`\ninvariant ${invariant}: ${what}`, ...(operation === undefined ? [] : [`  ${textOf(operation)}`, ...history.around(operation).map((line) => `    ${line}`)])]
  })
}

const options = optionsOf(process.argv.slice(2))
console.log(`seed ${options.seed}, ${options.seconds} s, ${options.replicas ?? 2} replicas, ${options.clients ?? 20} clients, troubles: ${options.nemeses?.join(' ')}`)
const history = await runCheck(options)
for (const { name, target, startedMs, healedMs } of history.disturbances) console.log(`  ${String(startedMs).padStart(8)} ms  ${name} ${target} until ${healedMs ?? 'the end'}`)
for (const { fromMs, toMs } of history.slowMoments) console.log(`  ${String(fromMs).padStart(8)} ms  Redis too slow for a limit, seen at ${toMs}`)
for (const line of countsOf(history)) console.log(line)
for (const line of violationsOf(history)) console.log(line)
console.log(`\nseed ${options.seed}: ${history.operations.length} operations, ${history.violations.length} violations`)
process.exit(history.violations.length === 0 ? 0 : 1)
