import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Reply } from '../../../src/protocol/index.ts'
import type { PackageStore } from '../../../src/packages/index.ts'
import type { GlobalPoolSettings } from '../../../src/shared/settings/pool.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { createConnections } from '../../../src/upstream/index.ts'
import type { Connection, Connections, Place } from '../../../src/upstream/index.ts'
import type { WorkerPool } from '../../../src/stdio-pool/index.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'
import { bench, host, limits } from '../stdio-pool/pool-parts.ts'
import type { Bench } from '../stdio-pool/pool-parts.ts'
import { testCall, testPeer, wanted } from './upstream-parts.ts'
import type { TestPeer } from './upstream-parts.ts'

/** Real connections over a real pool, on a clock of the test's own. */
export interface Openings {
  readonly clock: TestClock
  /** opened, opened warm, spare, no spares: <reason>, failed <code>, fault <kind>, and whatever was thrown. */
  readonly told: string[]
  readonly peers: Map<Place, TestPeer>
  readonly connections: Connections
  place (own: Partial<ServerSettings>, who?: Parameters<typeof wanted>[1]): Place
  /** Processes started so far. */
  started (): number
  readonly pool: WorkerPool
  /** Ends all connections and makes new ones over the same state directory, as a restart does. */
  restart (): Promise<void>
}

/** What openings may be given besides. */
export interface OpeningsParts {
  /** Servers of which spares are kept. */
  readonly warm?: readonly ServerSettings[]
  readonly global?: Partial<GlobalPoolSettings>
  readonly packages?: PackageStore
}

export async function openings (t: TestContext, parts: OpeningsParts = {}): Promise<Openings> {
  // What the bench tidies up must wait for the connections, which write into its directory until they are closed.
  const tidyUps: Array<() => Promise<void>> = []
  const pooled = await bench({ after: (tidyUp: () => Promise<void>) => { tidyUps.push(tidyUp) } } as unknown as TestContext, {
    limits: limits(parts.global, { server: (name) => parts.warm?.find((server) => server.name === name)?.pool }),
    makeRoom: (owner, bound) => connections.makeRoom(owner, bound)
  })
  const clock = testClock()
  const told: string[] = []
  const peers = new Map<Place, TestPeer>()
  let connections = connect(pooled, clock, told, peers, parts)
  t.after(async () => {
    await connections.close()
    for (const tidyUp of tidyUps) await tidyUp()
  })
  return {
    clock,
    told,
    peers,
    pool: pooled.pool,
    get connections () { return connections },
    place: (own, who = {}) => connections.place(wanted(own, who)),
    started: () => pooled.log.filter((line) => line === 'started').length,
    async restart () {
      await connections.close()
      connections = connect(pooled, clock, told, peers, parts)
    }
  }
}

function connect ({ pool, dir }: Bench, clock: TestClock, told: string[], peers: Map<Place, TestPeer>, { warm, packages }: OpeningsParts): Connections {
  return createConnections({
    ...(warm === undefined ? undefined : { warm: { servers: warm, maxStarting: () => 4 } }),
    ...(packages === undefined ? undefined : { packages }),
    pool,
    host,
    stateDir: dir,
    version: '0',
    nowMs: clock.nowMs,
    wallMs: clock.wallMs,
    events: {
      opened: (_server, _startMs, kind) => { told.push(kind === 'warm' ? 'opened warm' : 'opened') },
      recycled: (_server, reason) => { told.push(`recycled ${reason}`) },
      spareReady: () => { told.push('spare') },
      sparesFailed: (_server, reason) => { told.push(`no spares: ${reason}`) },
      startFailed: (_server, error) => { told.push(`failed ${error.code}`) },
      fault: (_server, kind) => { told.push(`fault ${kind}`) },
      thrown: (thrown) => { told.push(String(thrown)) }
    }
  }, (place) => {
    const peer = testPeer()
    peers.set(place, peer)
    return peer
  })
}

/** The answer to one call. */
export function ask (connection: Connection, method: string, params?: Record<string, unknown>): Promise<Reply> {
  return new Promise((resolve) => { connection.call({ ...testCall(), method, params, onReply: resolve }) })
}

/** Entry of a server of test/clients. */
export function installed (name: string, ...args: string[]): Partial<ServerSettings> {
  return { command: process.execPath, args: [fileURLToPath(new URL(`../../clients/node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url)), ...args] }
}

/** Entry of the conformance fixture on stdio. */
export function conformance (mode: 'dual' | 'legacy' | 'modern'): Partial<ServerSettings> {
  return { command: process.execPath, args: [fileURLToPath(new URL('../../fixtures/conformance/stdio.mjs', import.meta.url)), mode] }
}
