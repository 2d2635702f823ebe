/**
 * Real Redis servers for tests: alone, as replicas, behind sentinels, as a cluster; on loopback ports or a unix socket, each
 * in a directory of its own, and none left behind when the test process ends, however it ends.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { findProgram } from './programs.ts'
import { until } from './until.ts'

/** From spawn to the line that says it serves; generous because the machine may be busy with other tests. */
const START_DEADLINE_MS = 20_000

const unpacked = fileURLToPath(new URL('../.cache/redis/redis-server', import.meta.url))

/** The machine's redis-server, or the one that test/setup.mjs linked. */
export function findRedisServer (): string {
  const found = findProgram('redis-server') ?? (existsSync(unpacked) ? unpacked : undefined)
  if (found === undefined) throw new Error('redis-server is missing: run node test/setup.mjs')
  return found
}

export interface RedisOptions {
  /** Listen on a unix socket instead of a port. */
  readonly socket?: boolean
  /** A port that must be this one. Default: any. */
  readonly port?: number
  /** `requirepass`; the helper's own redis-cli uses it too. */
  readonly password?: string
  /** Arguments of redis-server that name its certificates: the port speaks TLS and nothing else. */
  readonly tls?: readonly string[]
  /** More arguments of redis-server, as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[]
  /** Arguments of redis-cli besides where to connect: TLS files, another user. */
  readonly cliArgs?: readonly string[]
  /** Text of a sentinel's file: the server is a sentinel then. */
  readonly sentinelConfig?: string
}

/** One running server. */
export interface TestRedis {
  /** `redis://127.0.0.1:<port>` or `unix:///…`, without credentials. */
  readonly url: string
  readonly host: string
  /** 0 on a socket. */
  readonly port: number
  /** Absent unless it listens on one. */
  readonly socketPath?: string
  readonly dir: string
  /** Of the process that runs now: another one after `start`. */
  readonly pid: number
  /** Everything it has written to its log. */
  log (): string
  /** redis-cli against it, as an administrator; its output without the last newline. @throws when redis-cli fails or prints an error */
  cli (...args: string[]): Promise<string>
  /** SIGSTOP: connections stay, nothing is answered. */
  freeze (): void
  /** SIGCONT. */
  thaw (): void
  /** SIGKILL, and waits until it is gone. */
  kill (): Promise<void>
  /** Runs it again at the same address after {@link kill}; it is empty then. */
  start (): Promise<void>
  /** Ends it and removes its directory; nothing when that is done already. */
  stop (): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

/** Starts one server, without persistence. */
export async function startRedis (options: RedisOptions = {}): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-redis-'))
  const socketPath = options.socket === true ? join(dir, 'redis.sock') : undefined
  for (let tries = 0; ; tries++) {
    const port = socketPath === undefined ? options.port ?? await freePort() : 0
    try {
      return await runServer(dir, port, socketPath, options)
    } catch (error) {
      // Somebody else took the port in between.
      if (tries === 4 || options.port !== undefined) throw error
    }
  }
}

async function runServer (dir: string, port: number, socketPath: string | undefined, options: RedisOptions): Promise<TestRedis> {
  let child: ChildProcess
  let log = ''
  const config = join(dir, 'sentinel.conf')
  if (options.sentinelConfig !== undefined) await writeFile(config, options.sentinelConfig)
  const start = async (): Promise<void> => {
    const own = options.sentinelConfig === undefined ? [] : [config, '--sentinel']
    const where = socketPath === undefined ? [...(options.tls === undefined ? ['--port', String(port)] : ['--port', '0', '--tls-port', String(port), ...options.tls]), '--bind', '127.0.0.1'] : ['--port', '0', '--unixsocket', socketPath]
    const kept = options.sentinelConfig === undefined ? ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'] : []
    const secret = options.password === undefined ? [] : ['--requirepass', options.password, ...(options.sentinelConfig === undefined ? ['--masterauth', options.password] : [])]
    child = spawn(findRedisServer(), [...own, ...where, '--dir', dir, ...kept, ...secret, ...options.args ?? []], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.add(child)
    const started = child
    child.once('exit', () => running.delete(started))
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => { log += text; said += text })
    await until('redis-server serves', () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended: ${said}`)
      return options.sentinelConfig === undefined ? said.includes('eady to accept connections') : said.includes('Sentinel ID is')
    }, START_DEADLINE_MS)
  }
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const reach = socketPath === undefined ? ['-h', '127.0.0.1', '-p', String(port)] : ['-s', socketPath]
  const cliArgs = [...reach, '-e', '--no-auth-warning', ...(options.password === undefined ? [] : ['-a', options.password]), ...options.cliArgs ?? []]
  await start()
  return {
    url: socketPath === undefined ? `redis://127.0.0.1:${port}` : `unix://${socketPath}`,
    host: '127.0.0.1',
    port,
    ...(socketPath === undefined ? undefined : { socketPath }),
    dir,
    get pid () { return child.pid ?? 0 },
    log: () => log,
    cli: async (...args) => (await promisify(execFile)('redis-cli', [...cliArgs, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout.replace(/\n$/, ''),
    freeze: () => { child.kill('SIGSTOP') },
    thaw: () => { child.kill('SIGCONT') },
    kill: end,
    start,
    stop: async () => {
      await end()
      await rm(dir, { recursive: true, force: true })
    }
  }
}
