/** `npm run load`: sends load to a running gateway (docs/operations/load.md). */
import { writeFileSync } from 'node:fs'
import { k6OnPath, runWithK6 } from './k6-runner.ts'
import { runScenario } from './node/run-scenario.ts'
import { HELP, readOptions, type LoadOptions } from './options.ts'
import { describe, type Summary } from './summary.ts'

const say = (line: string): void => { process.stderr.write(`${line}\n`) }

process.exitCode = await main().catch((error: unknown) => {
  say(`load: ${error instanceof Error ? error.message : String(error)}`)
  return 2
})

async function main (): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  say(`${options.name}: ${options.scenario.title}`)
  const summary = await run(options)
  process.stdout.write(describe(summary))
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(summary, null, 2)}\n`)
  return summary.ok ? 0 : 1
}

async function run (options: LoadOptions): Promise<Summary> {
  if (options.runner === 'k6') {
    const k6 = k6OnPath(process.env['PATH'] ?? '')
    if (k6 !== undefined) return await runWithK6(k6, options)
    say('k6 is not on PATH: the same scenario with the Node runner')
  }
  return await runScenario({ ...options, target: options, say })
}
