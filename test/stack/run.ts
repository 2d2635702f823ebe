/**
 * The production stack of docker-compose.yml, whole and real: built, set up by scripts/init, started, and shown to do what is said
 * of it, row by row, with figures. Everything is made for the run and removed after it.
 *
 *   npm run test:stack                          every row
 *   npm run test:stack -- --only load,alerts    the rows with these words in their names
 *   npm run test:stack -- --keep                leave the stack up; the folder that it prints can be given to --attach
 *   npm run test:stack -- --image dev           drawbridge:dev, no build
 *
 * Needs Docker with Compose v2 and, once, `node test/setup.mjs` for the clients. Environment: test/stack/options.ts.
 * Ends with 1 when a row fails.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setDefaultCACertificates, getCACertificates } from 'node:tls'
import { endCommands } from './command.ts'
import { certificateOf } from './create-stack.ts'
import { readOptions } from './options.ts'
import type { StackOptions } from './options.ts'
import { attachStack, prepareStack } from './prepare.ts'
import type { PreparedStack } from './prepare.ts'
import { stackRows } from './rows.ts'
import { startStack } from './start.ts'
import type { Stack, StackRow } from './types.ts'

if (!existsSync(new URL('../clients/node_modules', import.meta.url))) {
  console.error('The real clients that call the stack are not here yet. Once: node test/setup.mjs')
  process.exit(1)
}
const options = readOptions(process.argv.slice(2), process.env)
const prepared = options.attach === undefined ? await prepareStack(options) : attachStack(options.attach)
let ending: Promise<void> | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log(`${signal}: taking the stack down`)
    ending = endCommands().then(() => takeDown(prepared))
    void ending.finally(() => process.exit(130))
  })
}
let failed = 1
try {
  failed = await runAll(prepared, options)
} finally {
  if (options.keep && ending === undefined) console.log(`still up: --attach ${prepared.folder}; docker compose --env-file ${prepared.folder}/.env --profile '*' down -v`)
  else await (ending ??= takeDown(prepared))
}
process.exit(failed === 0 ? 0 : 1)

/** Resolves with the number of rows that failed. */
async function runAll ({ stack, buildSeconds }: PreparedStack, { only, loadSeconds }: StackOptions): Promise<number> {
  if (buildSeconds !== undefined) console.log(`ok    image built in ${buildSeconds.toFixed(1)} s`)
  setDefaultCACertificates([...getCACertificates('default'), certificateOf(stack)])
  const rows = stackRows({ loadSeconds }).filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
  if (rows.length === 0) throw new Error(`no row is called ${only.join(' or ')}`)
  if (!await passes({ name: 'the whole stack up', run: startStack }, stack)) return 1
  let count = 0
  for (const row of rows) if (ending === undefined && !await passes(row, stack)) count++
  console.log(`${rows.length + 1 - count} passed, ${count} failed`)
  return count
}

async function passes ({ name, run }: StackRow, stack: Stack): Promise<boolean> {
  const beginMs = performance.now()
  const seconds = (): string => ((performance.now() - beginMs) / 1000).toFixed(1)
  try {
    const figures = await run(stack)
    console.log(`ok    ${name}: ${figures} (${seconds()} s)`)
    return true
  } catch (error) {
    if (ending === undefined) console.log(`FAIL  ${name} (${seconds()} s)`, error)
    return false
  }
}

async function takeDown ({ stack, folder }: PreparedStack): Promise<void> {
  await stack.compose('--profile', '*', 'down', '-v', '--remove-orphans', '--timeout', '10')
  await rm(folder, { recursive: true, force: true })
}
