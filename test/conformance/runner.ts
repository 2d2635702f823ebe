import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientFile } from '../helpers/programs.ts'

/** The suite's own program, of the exact version that test/clients pins. */
const program = clientFile('@modelcontextprotocol/conformance/dist/index.js')
/** A whole set takes seconds; a runner that takes this long hangs. In milliseconds. */
const RUN_DEADLINE_MS = 180_000

/** One thing the suite looked at. */
export interface Check {
  readonly id: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly description: string
  readonly errorMessage?: string
  readonly details?: unknown
}

/** One scenario of a run, with every check it made. */
export interface Scenario {
  readonly name: string
  readonly checks: readonly Check[]
}

export interface Run {
  readonly scenarios: readonly Scenario[]
  /** What the runner wrote. */
  readonly output: string
}

/** `conformance <args>` with its results in a directory of its own. @throws when it does not end in time */
export async function runSuite (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-conformance-'))
  try {
    const output = await outputOf([program, ...args, '-o', dir], env)
    return { output, scenarios: await scenariosIn(dir) }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The exit code says less than the results: it counts what a revision requires, and no warnings. */
function outputOf (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, timeout: RUN_DEADLINE_MS, killSignal: 'SIGKILL' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal === null) resolve(output)
      else reject(new Error(`the suite did not end in time (${signal}):\n${output.slice(-4000)}`))
    })
  })
}

/** Each scenario has a directory `[server-]<name>-<time>` with its checks; names with a slash are directories in directories. */
async function scenariosIn (dir: string): Promise<Scenario[]> {
  const files = await readdir(dir, { recursive: true })
  return await Promise.all(files.filter((file) => file.endsWith('checks.json')).sort().map(async (file) => {
    const name = /^(?:server-)?(.*)-\d{4}-\d\d-\d\dT[^/]*[/\\]checks\.json$/.exec(file)?.[1]
    if (name === undefined) throw new Error(`a result that is not understood: ${file}`)
    return { name, checks: JSON.parse(await readFile(join(dir, file), 'utf8')) as Check[] }
  }))
}
