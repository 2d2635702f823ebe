import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../src/shared/clock.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { GlobalPoolSettings } from '../../../src/shared/settings/pool.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { allProcesses, environmentOf } from '../../helpers/processes.ts'
import type { ProcessEntry } from '../../helpers/processes.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { TAG_VARIABLE, createWorkerPool, prepareLaunch } from '../../../src/stdio-pool/index.ts'
import type { HostEnvironment, LaunchIdentity, MakeRoom, PoolEvents, Worker, WorkerLaunch, WorkerLimits, WorkerOwner, WorkerPool, WorkerPoolOptions } from '../../../src/stdio-pool/index.ts'

/** Path of a fixture server. */
export function fixture (name: string): string {
  return fileURLToPath(new URL(`../../fixtures/stdio-servers/${name}`, import.meta.url))
}

/** A signal that never comes. */
export const never = new AbortController().signal

export const host: HostEnvironment = { variables: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }, places: {} }

export function identity (tenant?: string, user?: string): LaunchIdentity {
  return { ...(tenant === undefined ? {} : { tenant: brandAs(tenant) }), ...(user === undefined ? {} : { user: brandAs(user) }) }
}

export function owner (server = 'srv', tenant?: string, user?: string): WorkerOwner {
  return { server: brandAs(server), ...identity(tenant, user) }
}

/** Live processes that carry the tag of this gateway, or of one of its workers. */
export function taggedWith (instanceId: string): ProcessEntry[] {
  return allProcesses().filter(({ pid, state }) => state !== 'Z' && environmentOf(pid).some((variable) => variable.startsWith(`${TAG_VARIABLE}=${instanceId}.`)))
}

/** What the pool told its port, in order. */
export interface Told {
  readonly events: PoolEvents
  readonly log: string[]
  stderrBytes: number
}

export function listen (): Told {
  const told: Told = {
    log: [],
    stderrBytes: 0,
    events: {
      workerStarted: () => { told.log.push('started') },
      workerBound: () => { told.log.push('bound') },
      workerEnded: (_owner, exit) => { told.log.push(`ended ${exit.reason}`) },
      protocolError: (_server, kind) => { told.log.push(`protocol ${kind}`) },
      stderrBytes: (_server, bytes) => { told.stderrBytes += bytes },
      supervisorLost: (reason) => { told.log.push(`supervisor ${reason}`) }
    }
  }
  return told
}

/** Bounds out of the way, but for those named. */
export function limits (global: Partial<GlobalPoolSettings> = {}, more: Partial<WorkerLimits> = {}): WorkerLimits {
  return {
    global: () => ({ maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000, maxStarting: 1000, ...global }),
    server: () => undefined,
    tenantWorkers: () => undefined,
    ...more
  }
}

export interface Bench extends Told {
  readonly pool: WorkerPool
  /** Scratch directory; also the pool's state directory. */
  readonly dir: string
  launch (own?: Partial<ServerSettings>, who?: LaunchIdentity): WorkerLaunch
  /** Starts, counts as settled at once, and gathers what it writes. */
  open (own?: Partial<ServerSettings>): Promise<Opened>
}

export interface Opened {
  readonly worker: Worker
  readonly messages: Array<Record<string, unknown>>
  /** Sends a request and resolves with the message that answers it. */
  ask (id: number | string, method: string, params?: unknown): Promise<Record<string, unknown>>
}

/** A pool with a directory of its own; both are gone at the end of the test. */
export async function bench (t: TestContext, own: Partial<WorkerPoolOptions> & { makeRoom?: MakeRoom } = {}): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'stdio-pool-'))
  const told = listen()
  const pool = createWorkerPool({ limits: limits(), clock: systemClock, events: told.events, ...own })
  t.after(async () => {
    await pool.close()
    await rm(dir, { recursive: true, force: true })
  })
  const launch = (server: Partial<ServerSettings> = {}, who: LaunchIdentity = identity('acme', 'alice')): WorkerLaunch => {
    return prepareLaunch(serverSettings(server), who, { stateDir: dir, workerKey: 'key' }, host)
  }
  const open = async (server: Partial<ServerSettings> = {}): Promise<Opened> => {
    const worker = await pool.start(launch(server), owner('srv', 'acme', 'alice'), never)
    pool.settled(worker)
    return gather(worker)
  }
  return Object.assign(told, { pool, dir, launch, open })
}

function gather (worker: Worker): Opened {
  const messages: Array<Record<string, unknown>> = []
  const waiting = new Map<unknown, (message: Record<string, unknown>) => void>()
  worker.onMessage = (message) => {
    messages.push(message)
    waiting.get(message['id'])?.(message)
    waiting.delete(message['id'])
  }
  const ask = (id: number | string, method: string, params: unknown = {}): Promise<Record<string, unknown>> => {
    return new Promise((resolve, reject) => {
      waiting.set(id, resolve)
      worker.exited.then((exit) => reject(new Error(`the worker ended: ${exit.reason}`)), reject)
      worker.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }
  return { worker, messages, ask }
}

/** The text of a tool result. */
export function textOf (answer: Record<string, unknown>): string {
  const result = answer['result'] as { content: Array<{ text: string }> }
  return result.content[0]?.text ?? ''
}
