import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeApiKey, type TestKey, type TestUser } from './api-keys.ts'
import { createLegacyWire, type LegacyWire } from './legacy-wire.ts'
import { descendantsOf, processesWithEnv, stillAlive, type ProcessEntry } from './processes.ts'
import type { Runner } from './runners.ts'
import { until } from './until.ts'

/** From spawn to the `listening` line; generous because the machine may be busy with other tests. */
const START_DEADLINE_MS = 30_000
/** In every stdio server's environment: names the gateway that a worker belongs to, whoever runs beside it. */
const RUN_TAG = 'DRAWBRIDGE_TEST_RUN'

const launcher = fileURLToPath(new URL('../../bin/drawbridge.mjs', import.meta.url))
const projectDir = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

export interface GatewayOptions {
  /** The gateway file. `auth.apiKeys` of `users` are added to it, and `sandbox.level: none` to servers that name no level. */
  readonly config: GatewayConfig
  /** One API key is made for each; default: user `alice` of tenant `acme`. */
  readonly users?: readonly TestUser[]
  readonly env?: Readonly<Record<string, string>>
  /** Text files that stand beside the gateway file, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** Called with the scratch directory before the gateway is started. */
  readonly before?: (dir: string) => Promise<void>
  /** Whom it runs as. Default: who runs the tests. */
  readonly runner?: Runner
  /** More arguments after `serve --config … --port …`. */
  readonly args?: readonly string[]
  /** Keys by user in place of new ones for `users`: replicas know the same callers. */
  readonly keys?: ReadonlyMap<string, TestKey>
  /** Of the public listener. Default 0: any. */
  readonly port?: number
  /** Entries stay as they are, so that replicas have equal ones; their workers are not looked for by `workers` and at the end. */
  readonly isUntagged?: boolean
}

export interface GatewayConfig {
  readonly mcpServers: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly auth?: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

/** A running gateway: the real program, started as a user starts it. */
export interface TestGateway {
  /** Origin of the public listener, without a trailing slash. */
  readonly url: string
  readonly managementUrl: string
  /** Of the process that listens. */
  readonly pid: number
  /** Scratch directory of this gateway: config file, state, and whatever the test puts there. */
  readonly dir: string
  /** The key of a user. @throws when none was made for the name */
  keyOf (user: string): TestKey
  /** A wire client of `/servers/<server>/mcp` (or of the path given) with the user's key. */
  wire (user: string, serverOrPath: string): LegacyWire
  /** JSON lines of the log so far, oldest first. */
  logs (): ReadonlyArray<Record<string, unknown>>
  /** Everything written to stdout and stderr so far. */
  output (): string
  /** Live processes of its servers, grandchildren and double-forked ones included. */
  workers (): ProcessEntry[]
  /** Live processes started by the gateway for whatever purpose. */
  children (): ProcessEntry[]
  /** Ends it with TERM, waits, checks that no worker is left, removes the scratch directory. @returns exit code, null after a signal. @throws when a process outlived it */
  stop (): Promise<number | null>
  /** A signal, no waiting. */
  kill (signal: NodeJS.Signals): void
  /** Settles when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null, readonly signal: NodeJS.Signals | null }>
}

/** Starts `drawbridge serve` with a config file of its own, on free ports, and waits until it listens. */
export async function startGateway (options: GatewayOptions): Promise<TestGateway> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-test-'))
  const tag = randomBytes(8).toString('hex')
  const keys = options.keys ?? keysFor(options.users)
  const configPath = join(dir, 'gateway.json')
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(dir, name), text)
  await options.before?.(dir)
  await writeFile(configPath, JSON.stringify(completeConfig(options.config, keys, options.isUntagged === true ? undefined : tag), null, 2))
  const { prefix = [], giveDirectory, project } = options.runner ?? {}
  giveDirectory?.(dir)
  const own = (path: string): string => project === undefined ? path : path.replace(projectDir, project)
  const [command = '', ...args] = [...prefix, own(process.execPath), own(launcher), 'serve', '--config', configPath, '--host', '127.0.0.1', '--port', String(options.port ?? 0), ...options.args ?? []]
  const child = spawn(command, args, {
    cwd: dir, env: environment(options.env), stdio: ['ignore', 'pipe', 'pipe']
  })
  const output = collect(child)
  const exited = new Promise<{ code: number | null, signal: NodeJS.Signals | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', () => resolve({ code: 127, signal: null }))
  })
  const listening = await waitForListening(child, output).catch(async (error: unknown) => {
    await rm(dir, { recursive: true, force: true })
    options.runner?.remove()
    throw error
  })
  return gatewayOf({ dir, tag, keys, child, output, exited, listening, remove: () => options.runner?.remove() })
}

/** A key for each user, by name. @param users default: `alice` of tenant `acme` */
export function keysFor (users: readonly TestUser[] = [{ tenant: 'acme', user: 'alice' }]): ReadonlyMap<string, TestKey> {
  return new Map(users.map((user) => [user.user, makeApiKey(user)]))
}

interface Listening { readonly url: string, readonly managementUrl: string, readonly pid: number }

interface Parts {
  readonly dir: string
  readonly tag: string
  readonly keys: ReadonlyMap<string, TestKey>
  readonly child: ChildProcess
  readonly output: Output
  readonly exited: Promise<{ readonly code: number | null, readonly signal: NodeJS.Signals | null }>
  readonly listening: Listening
  /** Of the runner. */
  readonly remove: () => void
}

function gatewayOf ({ dir, tag, keys, child, output, exited, listening, remove }: Parts): TestGateway {
  const wires: LegacyWire[] = []
  let stopping: Promise<number | null> | undefined
  const keyOf = (user: string): TestKey => {
    const key = keys.get(user)
    if (key === undefined) throw new Error(`no key was made for ${user}`)
    return key
  }
  return {
    ...listening,
    dir,
    keyOf,
    wire: (user, serverOrPath) => {
      const path = serverOrPath.startsWith('/') ? serverOrPath : `/servers/${serverOrPath}/mcp`
      const wire = createLegacyWire(listening.url + path, { ...keyOf(user).bearer })
      wires.push(wire)
      return wire
    },
    logs: () => output.lines,
    output: () => output.text,
    workers: () => processesWithEnv(RUN_TAG, tag),
    children: () => stillAlive(descendantsOf(listening.pid)),
    exited,
    kill: (signal) => { signalIfAlive(listening.pid, signal) },
    stop: () => {
      stopping ??= stop()
      return stopping
    }
  }

  async function stop (): Promise<number | null> {
    for (const wire of wires) wire.close()
    signalIfAlive(listening.pid, 'SIGTERM')
    try {
      const { code } = await until('gateway exit', async () => await Promise.race([exited, undefined]), 40_000).catch((error: unknown) => {
        signalIfAlive(listening.pid, 'SIGKILL')
        throw new Error(`the gateway did not stop:\n${output.text.slice(-4000)}`, { cause: error })
      })
      await assertNothingLeft(tag)
      return code
    } finally {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
      remove()
    }
  }
}

/** The leak check of every test: workers end with their gateway, within 10 s even if it was killed (T44). */
async function assertNothingLeft (tag: string): Promise<void> {
  await until('the end of every worker', () => processesWithEnv(RUN_TAG, tag).length === 0, 10_000).catch((error: unknown) => {
    const left = processesWithEnv(RUN_TAG, tag)
    for (const worker of left) signalIfAlive(worker.pid, 'SIGKILL')
    throw new Error(`${left.length} processes outlived the gateway`, { cause: error })
  })
}

function signalIfAlive (pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already, which is what the signal was for.
  }
}

function completeConfig (config: GatewayConfig, keys: ReadonlyMap<string, TestKey>, tag: string | undefined): Record<string, unknown> {
  const servers = Object.entries(config.mcpServers).map(([name, entry]) => {
    const env = entry['env'] as Record<string, string> | undefined
    // Uncontained unless a test says otherwise: what it is about is then the same on every machine.
    const sandbox = { level: 'none', ...entry['sandbox'] as object | undefined }
    return [name, entry['command'] === undefined ? entry : { ...entry, sandbox, env: { ...env, ...(tag === undefined ? {} : { [RUN_TAG]: tag }) } }]
  })
  const apiKeys = [...config.auth?.['apiKeys'] as unknown[] ?? [], ...[...keys.values()].map((key) => key.entry)]
  return { ...config, mcpServers: Object.fromEntries(servers), auth: { ...config.auth, apiKeys } }
}

/** The host's environment without anything that configures a gateway, so that a developer's shell cannot change a test. */
function environment (extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name, value]) => value !== undefined && !name.startsWith('DRAWBRIDGE_') && !name.startsWith('NODE_TEST') &&
    !['HOST', 'PORT', 'REDIS_URL', 'LOG_LEVEL', 'NODE_OPTIONS'].includes(name)) as Array<[string, string]>
  return { ...Object.fromEntries(inherited), DRAWBRIDGE_MANAGEMENT_PORT: '0', LOG_LEVEL: 'info', ...extra }
}

interface Output { text: string, readonly lines: Array<Record<string, unknown>> }

function collect (child: ChildProcess): Output {
  const output: Output = { text: '', lines: [] }
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output.text += chunk
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) if (part.startsWith('{')) output.lines.push(parseLine(part))
    })
  }
  return output
}

function parseLine (line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return { unparsable: line }
  }
}

async function waitForListening (child: ChildProcess, output: Output): Promise<Listening> {
  try {
    const started = await until('the gateway listens', () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'ended'
      const line = output.lines.find((entry) => entry['event'] === 'listening')
      return line && {
        url: String(line['url']).replace(/\/$/, ''),
        managementUrl: String(line['management_url']).replace(/\/$/, ''),
        pid: typeof line['pid'] === 'number' ? line['pid'] : child.pid ?? 0
      }
    }, START_DEADLINE_MS)
    if (started === 'ended') throw new Error(`it ended with ${String(child.exitCode ?? child.signalCode)}`)
    return started
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`the gateway did not start:\n${output.text.slice(-4000)}`, { cause: error })
  }
}
