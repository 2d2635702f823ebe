import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command } from './command.ts'
import { createStack, root } from './create-stack.ts'
import type { StackPlace } from './create-stack.ts'
import type { StackOptions } from './options.ts'
import type { Stack } from './types.ts'
import { addUsers } from './users.ts'

/** Tag of the image that is built when none is named. */
const OWN_TAG = 'stack-test'

/** Beside .env: what `--attach` needs to drive the stack again. */
const PLACE_FILE = 'place.json'

/** A stack that can be started, in a new folder of its own, and how long the image took. */
export interface PreparedStack {
  readonly stack: Stack
  readonly folder: string
  readonly buildSeconds: number | undefined
}

/** Builds the image and runs scripts/init as an operator would. Starts nothing. @throws when one of them fails */
export async function prepareStack (options: StackOptions): Promise<PreparedStack> {
  const shell = (line: string): Promise<string> => command('bash', ['-c', line], { cwd: root, env: process.env, show: true })
  if (options.prepare !== undefined) await shell(options.prepare)
  const beginMs = performance.now()
  if (options.image === undefined) await shell(`${options.build} -t drawbridge:${OWN_TAG} .`)
  const buildSeconds = options.image === undefined ? (performance.now() - beginMs) / 1000 : undefined
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-stack-'))
  try {
    const stack = await initialize(folder, options)
    setVersion(stack, options.image ?? OWN_TAG)
    return { stack, folder, buildSeconds }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** A stack that an earlier run left up in this folder. */
export function attachStack (folder: string): PreparedStack {
  return { folder, buildSeconds: undefined, stack: createStack(JSON.parse(readFileSync(join(folder, PLACE_FILE), 'utf8')) as StackPlace) }
}

async function initialize (folder: string, { subnet, project, httpsPort, httpPort }: StackOptions): Promise<Stack> {
  const envFile = join(folder, '.env')
  const instanceDir = join(folder, 'instance')
  const url = `https://localhost:${httpsPort}`
  const said = await command(join(root, 'scripts', 'init'), ['--public-url', url, '--http-port', String(httpPort), '--subnet', subnet, '--instance', instanceDir],
    { cwd: root, env: { ...process.env, DRAWBRIDGE_ENV_FILE: envFile, COMPOSE_PROJECT_NAME: project } })
  const key = /^ {2}(db_[a-z0-9]+_[A-Za-z0-9_-]+)$/m.exec(said)?.[1]
  if (key === undefined) throw new Error('scripts/init printed no API key')
  const place = { url, key, ...addUsers(instanceDir), subnet, project, envFile, instanceDir }
  writeFileSync(join(folder, PLACE_FILE), JSON.stringify(place), { mode: 0o600 })
  return createStack(place)
}

function setVersion (stack: Stack, tag: string): void {
  const file = stack.env['DRAWBRIDGE_ENV_FILE'] ?? ''
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^(BLUE|GREEN)_VERSION=.*$/gm, `$1_VERSION=${tag}`))
}
