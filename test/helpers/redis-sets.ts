/** Several real Redis servers that belong together: a primary with replicas, sentinels that watch it, a cluster. */
import { startRedis, type RedisOptions, type TestRedis } from './redis.ts'
import { until } from './until.ts'

/** A server that follows `primary` and has caught up with it. */
export async function startReplica (primary: TestRedis, options: RedisOptions = {}): Promise<TestRedis> {
  const replica = await startRedis({ ...options, args: ['--replicaof', primary.host, String(primary.port), ...options.args ?? []] })
  await until('the replica follows', async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'))
  return replica
}

export interface SentinelSet {
  /** Name by which sentinels know the primary. */
  readonly name: string
  readonly sentinels: readonly TestRedis[]
  /** The server that is the primary now, as the first sentinel says. */
  primary (): Promise<TestRedis>
  stop (): Promise<void>
}

/** One primary, one replica and three sentinels that replace a silent primary after about a second. */
export async function startSentinels (options: { readonly password?: string, readonly sentinelPassword?: string } = {}): Promise<SentinelSet> {
  const name = 'gateway-state'
  const secret = options.password === undefined ? {} : { password: options.password }
  const first = await startRedis(secret)
  const second = await startReplica(first, secret)
  const sentinels = await Promise.all([0, 1, 2].map(async () => await startSentinel(name, first, options)))
  const [asked] = sentinels as [TestRedis]
  await until('the sentinels know each other and the replica', async () => {
    const seen = await Promise.all(sentinels.map(async (sentinel) => await sentinel.cli('SENTINEL', 'MASTER', name)))
    return seen.every((text) => /num-slaves\n1\n/.test(text) && /num-other-sentinels\n2\n/.test(text))
  }, 20_000)
  return {
    name,
    sentinels,
    primary: async () => {
      const [, port] = (await asked.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)).split('\n')
      return Number(port) === first.port ? first : second
    },
    stop: async () => { await Promise.all([...sentinels, first, second].map(async (server) => { await server.stop() })) }
  }
}

async function startSentinel (name: string, primary: TestRedis, options: { readonly password?: string, readonly sentinelPassword?: string }): Promise<TestRedis> {
  const sentinelConfig = [
    `sentinel monitor ${name} ${primary.host} ${primary.port} 2`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 5000`,
    ...(options.password === undefined ? [] : [`sentinel auth-pass ${name} ${options.password}`]),
    // Sentinels of one set speak to each other with the password that they ask for themselves.
    ...(options.sentinelPassword === undefined ? [] : [`sentinel sentinel-pass ${options.sentinelPassword}`]),
    ''
  ].join('\n')
  return await startRedis({ sentinelConfig, ...(options.sentinelPassword === undefined ? {} : { password: options.sentinelPassword }) })
}

/** A cluster of `size` primaries without replicas, all slots served. */
export async function startCluster (size = 3, options: RedisOptions = {}): Promise<{ readonly nodes: readonly TestRedis[], stop: () => Promise<void> }> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...options.args ?? []]
  const nodes = await Promise.all(Array.from({ length: size }, async () => await startRedis({ ...options, args })))
  const [first] = nodes as [TestRedis]
  await first.cli('--cluster', 'create', ...nodes.map((node) => `${node.host}:${node.port}`), '--cluster-yes')
  await until('every node serves the cluster', async () => {
    const states = await Promise.all(nodes.map(async (node) => await node.cli('CLUSTER', 'INFO')))
    return states.every((state) => state.includes('cluster_state:ok'))
  }, 30_000)
  return { nodes, stop: async () => { await Promise.all(nodes.map(async (node) => { await node.stop() })) } }
}
