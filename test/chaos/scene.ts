import { setTimeout as pause } from 'node:timers/promises'
import { startGateway } from '../helpers/gateway.ts'
import type { TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { residentBytes } from '../helpers/processes.ts'
import { manyUsers, roomyLimits, roomyPool } from '../helpers/server-entries.ts'

export const MB = 1024 * 1024

/** A gateway with one server and so many users, bounds out of the way. */
export interface SceneOptions {
  readonly users: number
  readonly entry: Readonly<Record<string, unknown>>
  /** More keys of the gateway file. */
  readonly config?: Readonly<Record<string, unknown>>
  /** More variables of the gateway. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `act` with a gateway of its own, which is stopped, and checked to leave no process, whatever happens. */
export async function withGateway<T> ({ users, entry, config, env = {} }: SceneOptions, act: (gateway: TestGateway, names: readonly string[]) => Promise<T>): Promise<T> {
  const everybody = manyUsers(users, ['acme', 'globex'])
  const pool = { maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000 }
  const gateway = await startGateway({
    users: everybody,
    env,
    config: { mcpServers: { server: { pool: roomyPool, ...entry } }, limits: roomyLimits, pool, logLevel: 'info', ...config }
  })
  try {
    return await act(gateway, everybody.map(({ user }) => user))
  } finally {
    await gateway.stop()
  }
}

/** An open session of a user, whose worker runs. */
export async function opened (gateway: TestGateway, user: string, deadlineMs = 60_000): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'server')
  await wire.open({ deadlineMs })
  return wire
}

/** What became of a call: `lost` is a connection that broke, or no answer by the deadline; `mix` somebody else's answer. */
export type Outcome = 'ok' | 'mix' | 'lost' | `${number}`

export interface Called { readonly outcome: Outcome, readonly ms: number }

/** Calls `echo` with a text that is the caller's alone. */
export async function echo (wire: LegacyWire, text: string, args: Record<string, unknown> = {}, deadlineMs = 60_000): Promise<Called> {
  return await timed(wire.call('echo', { text, ...args }), (message) => textOf(message) === text, deadlineMs)
}

/** Judges any call. */
export async function timed (call: Promise<JsonRpc>, isOwn: (message: JsonRpc) => boolean, deadlineMs = 60_000): Promise<Called> {
  const startedMs = performance.now()
  const giveUp = new AbortController()
  const late = pause(deadlineMs, undefined, { signal: giveUp.signal }).catch(() => undefined)
  const message = await Promise.race([call.catch(() => undefined), late])
  giveUp.abort()
  const ms = performance.now() - startedMs
  if (message === undefined) return { outcome: 'lost', ms }
  if (message.error !== undefined) return { outcome: `${message.error.code}`, ms }
  return { outcome: isOwn(message) ? 'ok' : 'mix', ms }
}

/** How many there were of each outcome. */
export function tally (calls: readonly Called[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { outcome } of calls) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/** Follows the resident memory of a process until it is told to stop. */
export function watchMemory (pid: number): { stop (): { readonly grownBytes: number, readonly peakBytes: number } } {
  const before = residentBytes(pid)
  let peakBytes = before
  const timer = setInterval(() => { peakBytes = Math.max(peakBytes, residentBytes(pid)) }, 50)
  return {
    stop () {
      clearInterval(timer)
      return { grownBytes: peakBytes - before, peakBytes }
    }
  }
}

/** Looks at the delay of a gateway's event loop twice a second; it is measured once. `stop` tells the worst, in milliseconds. */
export function watchDelay (gateway: TestGateway): { stop (): Promise<number> } {
  let worstMs = 0
  const state = { isOver: false }
  const watching = (async () => {
    while (!state.isOver) {
      worstMs = Math.max(worstMs, (await metricOf(gateway, 'event_loop_delay_seconds') ?? 0) * 1000)
      await pause(500)
    }
  })()
  return {
    async stop () {
      state.isOver = true
      await watching
      return worstMs
    }
  }
}

/** Does something at a steady pace, whether or not what came before has ended, and waits for all of it. */
export async function paced (everyMs: number, forMs: number, act: (index: number) => Promise<void>, isOver: () => boolean = () => false): Promise<void> {
  const startedMs = performance.now()
  const running: Array<Promise<void>> = []
  for (let index = 0; index * everyMs < forMs && !isOver(); index++) {
    const waitMs = startedMs + index * everyMs - performance.now()
    if (waitMs > 0) await pause(waitMs)
    running.push(act(index))
  }
  await Promise.all(running)
}

/** Runs `count` tasks, at most `width` at a time. */
export async function inLanes (count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: width }, async () => {
    for (let index = next++; index < count; index = next++) await task(index)
  }))
}

/** Waits; the rows are about time. */
export { pause }
