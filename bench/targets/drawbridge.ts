import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, launchNode, untilListening } from '../machine/launch.ts'
import { missingPrograms } from '../machine/programs.ts'
import { workDir } from '../rivals/install.ts'
import { apiKeyUsers, AUDIENCE, ISSUER, jwtUsers, type BenchUsers } from './drawbridge-users.ts'
import { startRedis } from './redis.ts'
import type { BackendServer, Started, Target } from './target.ts'

export interface DrawbridgeMode {
  readonly id: string
  readonly isolation: 'shared' | 'user' | 'session'
  readonly credentials: 'API keys' | 'JWT HS256'
  readonly users: number
  /** Idle time of sessions and workers; short only in the rows about vanished clients. */
  readonly idleMs: number
  readonly maxSessions: number
  /** Spare workers kept ready. Default none. */
  readonly warm?: number
  /** How workers are contained. Default not at all: no rival contains them. */
  readonly sandbox?: 'none' | 'process' | 'namespace'
  /** Limits and everything else that replicas share are in a Redis on the load's CPU. */
  readonly redis?: boolean
  /** false: arguments are not held to the tools' own schemas. Default they are, as for a user who says nothing. */
  readonly validateArguments?: false
  /** Arguments for Node itself, as --cpu-prof. */
  readonly nodeArgs?: readonly string[]
}

/** High enough never to refuse, low enough to be counted: every window is kept and asked on each call. */
const UNREACHED = 1_000_000_000
const CONCURRENT = 100_000

/** Drawbridge as a user would run it, with everything on: nothing in this file turns a layer off. */
export function drawbridge (mode: DrawbridgeMode): Target {
  const users = mode.credentials === 'API keys' ? apiKeyUsers(mode.users) : jwtUsers(mode.users)
  const needs = [...(mode.redis === true ? ['redis-server'] : []), ...(mode.sandbox === 'namespace' ? ['bwrap'] : [])]
  return {
    id: mode.id,
    family: 'drawbridge',
    label: `Drawbridge, isolation ${mode.isolation}, ${mode.users} users, ${mode.credentials}${mode.warm === undefined ? '' : `, ${mode.warm} spares`}${mode.sandbox === undefined ? '' : `, sandbox ${mode.sandbox}`}${mode.redis === true ? ', with Redis' : ''}${mode.validateArguments === false ? ', arguments not checked' : ''}`,
    children: mode.isolation,
    users: mode.users,
    maxSessions: mode.maxSessions,
    takes: ['stdio', 'stdio-modern', 'plain', 'http', 'http-modern'],
    needs,
    start: async (server) => {
      const missing = missingPrograms(needs)
      if (missing.length > 0) throw new Error(`${missing.join(' and ')} not on the PATH`)
      return await start(mode, users, server)
    }
  }
}

async function start (mode: DrawbridgeMode, users: BenchUsers, server: BackendServer): Promise<Started> {
  const [port, managementPort] = [await freePort(), await freePort()]
  const home = join(workDir, 'drawbridge', mode.id)
  mkdirSync(home, { recursive: true })
  const config = join(home, 'gateway.json')
  const redis = mode.redis === true ? await startRedis(mode.id) : undefined
  const shared = redis === undefined ? {} : { redis: { url: redis.url }, replica: { listen: { host: '127.0.0.1', port: 0 } } }
  writeFileSync(config, JSON.stringify({ ...gatewayFile(mode, users, server, join(home, 'state')), ...shared }, undefined, 2))
  const program = fileURLToPath(new URL('../../bin/drawbridge.mjs', import.meta.url))
  const args = [...mode.nodeArgs ?? [], program, 'serve', '--config', config, '--host', '127.0.0.1', '--port', String(port)]
  const secret = redis === undefined ? {} : { DRAWBRIDGE_SECRET: randomBytes(32).toString('hex') }
  const launched = launchNode(args, server.tag, { DRAWBRIDGE_MANAGEMENT_PORT: String(managementPort), ...secret, ...users.env })
  const process = redis === undefined ? launched : { ...launched, stop: async () => { await launched.stop(); await redis.stop() } }
  try {
    await untilListening(process, port)
    if (redis !== undefined) await untilKnown(port, users.credentials[0] ?? '')
  } catch (error) {
    await redis?.stop()
    throw error
  }
  return { process, endpoint: { kind: 'mcp', port, path: '/servers/bench/mcp', credentials: users.credentials } }
}

function gatewayFile (mode: DrawbridgeMode, users: BenchUsers, server: BackendServer, stateDir: string): object {
  const { idleMs } = mode
  const rates = { callsPerMinute: UNREACHED, requestsPerMinute: UNREACHED, concurrentCalls: CONCURRENT }
  const workers = 1000
  return {
    mcpServers: { bench: { ...entryOf(server), isolation: mode.isolation, pool: { warm: mode.warm ?? 0, max: workers, maxPerTenant: workers, idleMs }, sandbox: { level: mode.sandbox ?? 'none' }, tools: { callsPerMinute: { echo: UNREACHED } }, ...mode.validateArguments === undefined ? {} : { validateArguments: mode.validateArguments } } },
    tenants: Object.fromEntries(users.tenants.map((tenant) => [tenant, { servers: ['bench'], limits: { ...rates, workers } }])),
    auth: { apiKeys: users.apiKeys, jwt: users.secretEnv === undefined ? [] : [{ issuer: ISSUER, audience: AUDIENCE, secretEnv: users.secretEnv, algorithms: ['HS256'], tenants: users.tenants, userClaim: 'sub' }] },
    limits: { ...rates, initializePerMinute: UNREACHED, ipRequestsPerMinute: UNREACHED },
    sessions: { idleMs, maxPerUser: 100_000 },
    pool: { maxWorkers: workers, maxWorkersPerTenant: workers, maxWorkersPerUser: workers },
    stateDir
  }
}

/** Loopback is refused for HTTP servers unless the operator allows it. */
const entryOf = (server: BackendServer): object =>
  'command' in server ? { command: server.command, args: server.args } : { type: 'http', url: `${server.origin}${server.path}`, allowPrivateNetwork: true }

/** With Redis no credential is believed before it is known which are revoked: some milliseconds after the start. */
async function untilKnown (port: number, credential: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/status`, { headers: { authorization: `Bearer ${credential}` } })
    await answer.arrayBuffer()
    if (answer.status !== 503) return
    await wait(50)
  }
  throw new Error('the gateway believes nobody')
}
