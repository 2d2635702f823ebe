import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { readTree } from './process-tree.ts'

/** A started target. */
export interface Launched {
  readonly pid: number
  /** The argument by which its MCP servers are known. */
  readonly tag: string
  /** False once the process ended. */
  readonly alive: () => boolean
  /** The last of what it wrote to stderr, for the report of a failure. */
  readonly stderrTail: () => string
  /** Ends it and whatever it left behind, by process id. */
  readonly stop: () => Promise<void>
}

const STOP_WITHIN_MS = 8000
const STDERR_KEEP = 4000

/** Starts `node program args…` on the targets' CPU. */
export const launchNode = (args: readonly string[], tag: string, env: Readonly<Record<string, string>> = {}): Launched =>
  launch([process.execPath, ...args], tag, env)

/** Starts any program, named with its arguments, on the targets' CPU. */
export function launch (command: readonly string[], tag: string, env: Readonly<Record<string, string>> = {}): Launched {
  const cpu = process.env['BENCH_TARGET_CPU'] ?? ''
  const words = [...(cpu === '' ? [] : ['taskset', '-c', cpu]), ...command]
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { tail = (tail + text).slice(-STDERR_KEEP) })
  child.on('error', (error) => { tail += error.message })
  const pid = child.pid ?? -1
  const launched = { pid, tag, alive: () => child.exitCode === null && child.signalCode === null, stderrTail: () => tail, stop: () => stop(child, tag) }
  running.add(launched)
  child.on('exit', () => { running.delete(launched) })
  return launched
}

const running = new Set<Launched>()

/** Ends every target that still runs; for the bench's own end, good or bad. */
export const stopAll = async (): Promise<void> => { await Promise.all([...running].map((launched) => launched.stop())) }

async function stop (child: ChildProcess, tag: string): Promise<void> {
  const pid = child.pid
  if (pid === undefined) return
  const before = readTree(pid, tag)
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await Promise.race([gone, wait(STOP_WITHIN_MS, undefined, { ref: false })])
    child.kill('SIGKILL')
  }
  const left = new Set(readTree(pid, tag).backendPids)
  for (const survivor of [...left, ...before.gatewayPids.filter((old) => old !== pid)]) kill(survivor)
}

function kill (pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone, which is what was wanted.
  }
}

/** A port that was free a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until something accepts connections on the port. @throws with the target's stderr when it ended or after `withinMs`. */
export async function untilListening (target: Launched, port: number, withinMs = 30_000): Promise<void> {
  const until = performance.now() + withinMs
  while (performance.now() < until) {
    if (await accepts(port)) return
    if (!target.alive()) break
    await wait(25)
  }
  throw new Error(`does not listen on its port: ${target.stderrTail().trim()}`)
}

function accepts (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('connect', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => { resolve(false) })
  })
}
