// The benchmark: rivals, floors and Drawbridge in turn, one table of ratios at the end. run.mjs starts this under Node 24.
import { createDriver } from './load/driver.ts'
import { stopAll } from './machine/launch.ts'
import { HELP, readOptions, type Options } from './options.ts'
import { printReport } from './report/print-report.ts'
import { saveResults } from './report/results-file.ts'
import { installRivals } from './rivals/install.ts'
import { installNginx } from './rivals/nginx.ts'
import { installPython } from './rivals/python.ts'
import { runRows } from './rows/index.ts'
import { chooseTargets, missingOf } from './targets/index.ts'

const say = (line: string): void => { process.stderr.write(`${line}\n`) }

async function main (options: Options): Promise<void> {
  await installRivals(say)
  await installNginx(say)
  const targets = chooseTargets(options)
  if (!options.quick && options.only.length === 0) for (const line of missingOf(targets)) say(line)
  if (targets.some(({ id }) => id === 'mcp-proxy-python' || id === 'ray-serve')) await installPython(say)
  const driver = createDriver()
  const end = async () => {
    driver.stop()
    await stopAll()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { end().then(() => process.exit(1), () => process.exit(1)) })
  const startedAt = new Date()
  try {
    const cells = await runRows({ driver, effort: options.effort, targets, say }, options)
    printReport(cells, targets)
    if (options.save) saveResults(cells, targets, options, startedAt)
    say(`took ${Math.round((Date.now() - startedAt.getTime()) / 1000)} s`)
  } finally {
    await end()
  }
}

const options = readOptions(process.argv.slice(2))
if (options === undefined) process.stdout.write(HELP)
else await main(options)
