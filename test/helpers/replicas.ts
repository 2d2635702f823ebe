/** Several real gateways that share one real Redis, behind a real nginx. */
import { randomBytes } from 'node:crypto'
import { freePort } from './free-port.ts'
import { keysFor, startGateway, type GatewayOptions, type TestGateway } from './gateway.ts'
import type { TestKey } from './api-keys.ts'
import { createLegacyWire, type LegacyWire } from './legacy-wire.ts'
import { createModernWire, type ModernWire } from './modern-wire.ts'
import { startNginx, type NginxOptions, type NginxTarget, type TestNginx } from './nginx.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { until } from './until.ts'

/** In answers of a gateway with replicas: who gave it. */
export const REPLICA_HEADER = 'x-drawbridge-replica'

/** Ten times the default: what is agreed on by way of Redis is, on a machine that lets a gateway wait for a tenth of a second, too. Milliseconds. */
const COMMAND_TIMEOUT_MS = 1000

export interface ReplicaSetOptions extends Omit<GatewayOptions, 'keys' | 'port'> {
  /** How many. Default 2. */
  readonly count?: number
  /** How nginx deals out requests. Default `tag`. */
  readonly stickiness?: NginxOptions['stickiness']
  /** See {@link NginxOptions}. */
  readonly keepAliveMs?: number
  /** One that is there already, and is not stopped with the set. Default: one of its own. */
  readonly redis?: TestRedis
  /** URL by which one replica reaches Redis, when it is not the others' (a relay that can be frozen). */
  readonly redisUrlOf?: (name: string, redis: TestRedis) => string
  /** Names of the replicas, which their session ids begin with. Default `one`, `two`, … */
  readonly names?: readonly string[]
  /** What is in front of them. Default: nginx with a configuration of the tests. */
  readonly front?: (targets: readonly NginxTarget[]) => Promise<TestNginx>
}

/** One of them; `gateway` is another one after each start. */
export interface TestReplica {
  /** Tag of its session ids: `one`, `two`, … */
  readonly name: string
  /** Its own public listener, past nginx; the same after each start. */
  readonly url: string
  readonly gateway: TestGateway
  /** SIGKILL, and waits until it has gone. Its workers end within 10 s. */
  kill (): Promise<void>
  /** SIGTERM, waits, checks that nothing is left. @returns exit code */
  stop (): Promise<number | null>
  /** Runs it again, at the same address and under the same name; resolves when it and the others know each other. */
  start (): Promise<void>
  readonly isRunning: boolean
}

export interface ReplicaSet {
  /** nginx. */
  readonly url: string
  readonly nginx: TestNginx
  readonly redis: TestRedis
  readonly replicas: readonly TestReplica[]
  keyOf (user: string): TestKey
  /** A legacy client of `/servers/<server>/mcp` (or of the path given). @param at past nginx, at this replica */
  wire (user: string, serverOrPath: string, at?: TestReplica): LegacyWire
  /** The same for a modern client. */
  modern (user: string, serverOrPath: string, at?: TestReplica): ModernWire
  /** Ends everything, whatever state it is in, and checks that no worker is left. */
  stop (): Promise<void>
}

const NAMES = ['one', 'two', 'three', 'four', 'five']

/** Starts Redis, the replicas and nginx, and waits until every replica knows the others. */
export async function startReplicas (options: ReplicaSetOptions): Promise<ReplicaSet> {
  const { count = 2, stickiness, keepAliveMs, names = NAMES } = options
  const redis = options.redis ?? await startRedis()
  const keys = keysFor(options.users)
  const secret = randomBytes(32).toString('hex')
  const replicas: TestReplica[] = []
  const wires: Array<{ close (): void }> = []
  const stopBoth = async (nginx?: TestNginx): Promise<void> => {
    for (const wire of wires) wire.close()
    await nginx?.stop()
    const stopped = await Promise.allSettled(replicas.map(async (replica) => await replica.stop()))
    if (options.redis === undefined) await redis.stop()
    for (const result of stopped) if (result.status === 'rejected') throw result.reason
  }
  try {
    const shared: Shared = { options, redis, keys, secret, replicas }
    const starting = await Promise.allSettled(names.slice(0, count).map(async (name) => { replicas.push(await startReplica(name, shared)) }))
    for (const result of starting) if (result.status === 'rejected') throw result.reason
    await untilTheyKnowEachOther(replicas)
    replicas.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    const targets = replicas.map(({ name, url }) => ({ name, port: Number(new URL(url).port) }))
    const nginx = await options.front?.(targets) ?? await startNginx({
      targets,
      ...stickiness === undefined ? {} : { stickiness },
      ...keepAliveMs === undefined ? {} : { keepAliveMs }
    })
    const keyOf = (user: string): TestKey => {
      const key = keys.get(user)
      if (key === undefined) throw new Error(`no key was made for ${user}`)
      return key
    }
    const endpoint = (serverOrPath: string, at?: TestReplica): string => (at?.url ?? nginx.url) + (serverOrPath.startsWith('/') ? serverOrPath : `/servers/${serverOrPath}/mcp`)
    const remembered = <T extends { close (): void }>(wire: T): T => {
      wires.push(wire)
      return wire
    }
    return {
      url: nginx.url,
      nginx,
      redis,
      replicas,
      keyOf,
      wire: (user, serverOrPath, at) => remembered(createLegacyWire(endpoint(serverOrPath, at), { ...keyOf(user).bearer })),
      modern: (user, serverOrPath, at) => remembered(createModernWire(endpoint(serverOrPath, at), keyOf(user).bearer)),
      stop: async () => { await stopBoth(nginx) }
    }
  } catch (error) {
    await stopBoth().catch(() => undefined)
    throw error
  }
}

interface Shared {
  readonly options: ReplicaSetOptions
  readonly redis: TestRedis
  readonly keys: ReadonlyMap<string, TestKey>
  readonly secret: string
  /** All of the set, as far as they were started. */
  readonly replicas: readonly TestReplica[]
}

/** Every replica that runs has heard of this run of every other one. */
async function untilTheyKnowEachOther (replicas: readonly TestReplica[]): Promise<void> {
  await until('the replicas know each other', () => {
    const running = replicas.filter(({ isRunning }) => isRunning)
    return running.every((replica) => running.every((other) => other === replica || hasHeardOf(replica, other)))
  }, 20_000)
}

function hasHeardOf (replica: TestReplica, other: TestReplica): boolean {
  const { instance } = other.gateway.logs().find(({ event }) => event === 'replica_listening') ?? {}
  return instance !== undefined && replica.gateway.logs().some((line) => line['event'] === 'replica_joined' && line['instance'] === instance)
}

async function startReplica (name: string, { options, redis, keys, secret, replicas }: Shared): Promise<TestReplica> {
  const { config, env, count: _count, stickiness: _stickiness, keepAliveMs: _keepAliveMs, redis: _redis, redisUrlOf, names: _names, front: _front, ...rest } = options
  const port = await freePort()
  const run = async (): Promise<TestGateway> => await startGateway({
    ...rest,
    keys,
    port,
    config: { replica: { listen: { host: '127.0.0.1', port: 0 } }, redis: { url: redisUrlOf?.(name, redis) ?? redis.url, commandTimeoutMs: COMMAND_TIMEOUT_MS }, ...config },
    env: { DRAWBRIDGE_REPLICA: name, DRAWBRIDGE_SECRET: secret, ...env }
  })
  let gateway = await run()
  let isRunning = true
  return {
    name,
    url: gateway.url,
    get gateway () { return gateway },
    kill: async () => {
      gateway.kill('SIGKILL')
      await gateway.exited
      isRunning = false
      await gateway.stop()
    },
    stop: async () => {
      isRunning = false
      return await gateway.stop()
    },
    start: async () => {
      if (isRunning) throw new Error(`replica ${name} runs`)
      gateway = await run()
      isRunning = true
      await untilTheyKnowEachOther(replicas)
    },
    get isRunning () { return isRunning }
  }
}
