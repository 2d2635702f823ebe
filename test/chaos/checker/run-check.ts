import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seeded } from '../../helpers/random.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { manyUsers, roomyLimits, roomyPool } from '../../helpers/server-entries.ts'
import { startUpstream, type ChaosUpstream } from '../upstream.ts'
import { runLegacyClient, runMeteredClient, runModernClient, type Company } from './clients.ts'
import { History } from './history.ts'
import { judge, METERED_LIMIT } from './invariants.ts'
import { descriptorsOf, judgeLeftovers } from './leftovers.ts'
import { NEMESES, runNemeses } from './nemeses.ts'
import { watchSlowRedis } from './slow-redis.ts'

export interface CheckOptions {
  readonly seed: number
  readonly seconds: number
  /** Names of {@link NEMESES}. Default: all. */
  readonly nemeses?: readonly string[]
  /** Default 2. */
  readonly replicas?: number
  /** Default 20: a third of them without sessions, and one more that only tries a limit. */
  readonly clients?: number
  /** Directory of another copy of the project, whose gateways are checked. Default: this one's. */
  readonly project?: string
}

const SERVER = fileURLToPath(new URL('checker-server.mjs', import.meta.url))
/** Of a call; workers that are frozen are ended then. */
const CALL_MS = 3000
/** To start a worker, or to greet a server; a frozen one is given up then. */
const START_MS = 8000
/** Workers end so soon after their last call, so that what is left at the end is seen to be left. */
const IDLE_MS = 5000
const CLOCK = fileURLToPath(new URL('wrong-clock.mjs', import.meta.url))

/** Runs clients of both eras against replicas under seeded trouble, and holds what happened to the promises. */
export async function runCheck (options: CheckOptions): Promise<History> {
  const { seed, seconds, nemeses = Object.keys(NEMESES), clients = 20 } = options
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-checker-'))
  const files = { ledger: join(dir, 'ledger'), clock: join(dir, 'clock') }
  await writeFile(files.clock, '0')
  const upstream = await startUpstream()
  try {
    const set = await startSet(options, files, upstream, clients)
    try {
      const history = new History()
      const base = set.replicas.map(({ gateway }) => descriptorsOf(gateway.pid))
      const watch = watchSlowRedis(set, history)
      await converse({ set, history, seed, sessions: new Map(), isOver: () => false }, clients, async (random) => {
        await runNemeses({ set, upstream, clockFile: files.clock }, history, nemeses, random, seconds * 1000)
      }).finally(async () => { await watch.stop() })
      judge(history, timesIn(files.ledger), countOf(upstream.journal()))
      await judgeLeftovers(history, set, base)
      return history
    } finally {
      await set.stop()
    }
  } finally {
    await upstream.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

async function startSet ({ replicas = 2, project }: CheckOptions, files: { readonly ledger: string, readonly clock: string }, upstream: ChaosUpstream, clients: number): Promise<ReplicaSet> {
  const ledger = { command: process.execPath, args: [SERVER], env: { LEDGER: files.ledger, OWNER: '{user}' }, timeoutMs: CALL_MS, startTimeoutMs: START_MS, pool: { ...roomyPool, idleMs: IDLE_MS }, tools: { callsPerMinute: { metered: METERED_LIMIT } } }
  return await startReplicas({
    count: replicas,
    stickiness: 'round-robin',
    users: [...manyUsers(clients, ['acme', 'globex', 'initech']), { tenant: 'meter', user: 'meter' }],
    env: { NODE_OPTIONS: `--import=${CLOCK}`, CHECKER_CLOCK: files.clock },
    ...(project === undefined ? {} : { runner: { name: 'root', uid: process.getuid?.() ?? 0, prefix: [], project, giveDirectory: () => undefined, remove: () => undefined } as const }),
    config: {
      mcpServers: { ledger, remote: { ...upstream.entry, timeoutMs: CALL_MS, startTimeoutMs: START_MS } },
      limits: roomyLimits,
      pool: { maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000 },
      sessions: { idleMs: 10_000 }
    }
  })
}

async function converse (shared: Company, clients: number, trouble: (random: () => number) => Promise<void>): Promise<void> {
  let isOver = false
  const company: Company = { ...shared, isOver: () => isOver }
  const running = [
    ...Array.from({ length: clients }, (_, at) => at % 3 === 2 ? runModernClient(company, `u${at}`, at) : runLegacyClient(company, `u${at}`, at)),
    runMeteredClient(company, 'meter')
  ]
  try {
    await trouble(seeded(shared.seed))
  } finally {
    isOver = true
    await Promise.all(running)
  }
}

function timesIn (file: string): ReadonlyMap<string, number> {
  return countOf(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [])
}

function countOf (nonces: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const nonce of nonces) times.set(nonce, (times.get(nonce) ?? 0) + 1)
  return times
}
