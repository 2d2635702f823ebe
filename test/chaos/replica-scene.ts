import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Exchange } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import type { ModernWire } from '../helpers/modern-wire.ts'
import { fileURLToPath } from 'node:url'
import { REPLICA_HEADER, startReplicas, type ReplicaSet, type ReplicaSetOptions } from '../helpers/replicas.ts'
import { manyUsers, roomyLimits, roomyPool } from '../helpers/server-entries.ts'
import { paced } from './scene.ts'

/**
 * What became of a call (reliability, definitions). `clean`: refused, and said to be so; `unknown`: it may have run; `lost`:
 * no answer, or a broken connection; `mix`: somebody else's answer.
 */
export type Fate = 'ok' | 'clean' | 'unknown' | 'lost' | 'mix'

/** One call. */
export interface Entry {
  readonly user: string
  readonly era: 'legacy' | 'modern'
  readonly nonce: string
  /** Since the load began, when it was sent. In milliseconds. */
  readonly atMs: number
  readonly ms: number
  readonly fate: Fate
  /** `200`, an HTTP status, or a JSON-RPC code. */
  readonly code: string
  /** Who answered. */
  readonly replica: string | undefined
}

/** A set of replicas whose users call it steadily. */
export interface ReplicaScene {
  readonly set: ReplicaSet
  readonly users: readonly string[]
  /** Opens a session of each user, or for each a modern client. */
  clients (era: 'legacy' | 'modern'): Promise<readonly Client[]>
  /** Sends a call each `everyMs` for `forMs`, in turn by each client, whatever becomes of those before. */
  load (clients: readonly Client[], everyMs: number, forMs: number, isOver?: () => boolean): Promise<Entry[]>
  /** Calls that ran more than once; calls that ran though they were refused. */
  executed (entries: readonly Entry[]): { readonly dup: number, readonly ranThoughRefused: number, readonly okWithoutRun: number }
}

/** One user's client; a session that is gone is opened again before the next call, as MCP clients do. */
export interface Client {
  readonly user: string
  readonly era: 'legacy' | 'modern'
  /** Times that it had to initialize anew. */
  readonly reopened: number
  call (nonce: string): Promise<Omit<Entry, 'user' | 'era' | 'nonce' | 'atMs'>>
  close (): void
}

const ECHO = fileURLToPath(new URL('../fixtures/stdio-servers/echo.mjs', import.meta.url))

/** An answer later than this is lost. In milliseconds. */
const DEADLINE_MS = 15_000

/** Runs `act` with replicas of their own, which are stopped, and checked to leave no process, whatever happens. */
export async function withReplicas<T> (options: Partial<ReplicaSetOptions> & { readonly userCount?: number, readonly entry?: Readonly<Record<string, unknown>>, readonly keepsConnections?: boolean }, act: (scene: ReplicaScene) => Promise<T>): Promise<T> {
  const { userCount = 12, entry = {}, keepsConnections = true, config, ...more } = options
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-chaos-'))
  const journal = join(directory, 'journal')
  const everybody = manyUsers(userCount, ['acme', 'globex', 'initech'])
  const server = { command: process.execPath, args: [ECHO], env: { ECHO_JOURNAL: journal }, pool: roomyPool, ...entry }
  const pool = { maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000 }
  const set = await startReplicas({ users: everybody, ...more, config: { limits: roomyLimits, pool, ...config, mcpServers: { server, ...config?.mcpServers } } })
  try {
    return await act(sceneOf(set, everybody.map(({ user }) => user), journal, keepsConnections ? {} : { connection: 'close' }))
  } finally {
    await set.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

function sceneOf (set: ReplicaSet, users: readonly string[], journal: string, headers: Readonly<Record<string, string>>): ReplicaScene {
  return {
    set,
    users,
    clients: async (era) => await Promise.all(users.map(async (user) => era === 'modern' ? modernClient(user, set.modern(user, 'server'), headers) : await legacyClient(user, set.wire(user, 'server'), headers))),
    async load (clients, everyMs, forMs, isOver = () => false) {
      const entries: Entry[] = []
      const startedMs = performance.now()
      await paced(everyMs, forMs, async (index) => {
        const client = clients[index % clients.length] as Client
        const nonce = `${client.user}:${randomUUID()}`
        const atMs = performance.now() - startedMs
        entries.push({ user: client.user, era: client.era, nonce, atMs, ...await client.call(nonce) })
      }, isOver)
      return entries
    },
    executed (entries) {
      const ran = new Map<string, number>()
      const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').filter(Boolean) : []
      for (const nonce of lines) ran.set(nonce, (ran.get(nonce) ?? 0) + 1)
      const times = (fate: Fate, is: (count: number) => boolean): number => entries.filter((entry) => entry.fate === fate && is(ran.get(entry.nonce) ?? 0)).length
      return { dup: [...ran.values()].filter((count) => count > 1).length, ranThoughRefused: times('clean', (count) => count > 0), okWithoutRun: times('ok', (count) => count === 0) }
    }
  }
}

function modernClient (user: string, wire: ModernWire, headers: Readonly<Record<string, string>>): Client {
  return {
    user,
    era: 'modern',
    reopened: 0,
    call: (nonce) => judged(nonce, wire.begin('tools/call', { name: 'echo', arguments: { text: nonce, nonce } }, { headers })),
    close: () => { wire.close() }
  }
}

async function legacyClient (user: string, wire: LegacyWire, headers: Readonly<Record<string, string>>): Promise<Client> {
  await wire.open()
  let [isGone, reopened] = [false, 0]
  let opening: Promise<unknown> | undefined
  return {
    user,
    era: 'legacy',
    get reopened () { return reopened },
    async call (nonce) {
      if (isGone) {
        opening ??= wire.open().then(() => { isGone = false; reopened++ }).finally(() => { opening = undefined })
        // That it cannot be opened yet is what this call tells.
        await opening.catch(() => undefined)
      }
      const called = await judged(nonce, wire.post({ jsonrpc: '2.0', id: nonce, method: 'tools/call', params: { name: 'echo', arguments: { text: nonce, nonce } } }, headers))
      isGone ||= called.code === '404'
      return called
    },
    close: () => { wire.close() }
  }
}

/** Codes after which the call may have run: the worker or upstream was lost, or the deadline passed; of nginx, a gateway that did. */
const UNKNOWN = new Set(['50201', '50401', '502', '504'])

async function judged (nonce: string, posted: Promise<Exchange>): Promise<Omit<Entry, 'user' | 'era' | 'nonce' | 'atMs'>> {
  const startedMs = performance.now()
  const since = (): number => performance.now() - startedMs
  try {
    const answer = await posted
    const replica = answer.headers[REPLICA_HEADER] as string | undefined
    if (answer.status !== 200) {
      await answer.ended
      return { ms: since(), fate: UNKNOWN.has(String(answer.status)) ? 'unknown' : 'clean', code: String(answer.status), replica }
    }
    const message = await answer.next('an answer', ({ id, method }) => id !== undefined && method === undefined, DEADLINE_MS)
    if (message.error !== undefined) {
      const code = String(message.error.code)
      return { ms: since(), fate: UNKNOWN.has(code) ? 'unknown' : 'clean', code, replica }
    }
    return { ms: since(), fate: textOf(message) === nonce ? 'ok' : 'mix', code: '200', replica }
  } catch (error) {
    return { ms: since(), fate: 'lost', code: String(error).slice(0, 60), replica: undefined }
  }
}

/** How many of each fate. */
export function fates (entries: readonly Entry[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { fate, code } of entries) {
    const name = fate === 'ok' ? 'ok' : `${fate} ${code}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
