import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { RedisSettings } from '../shared/settings/redis.ts'

/** Replies look alike in both protocols. */
interface Legacy { readonly replyMapping: 'legacy' }

/** A TCP connection that is not there by then is given up. */
const CONNECT_MS = 2000
/** For what a connection needs before its first command (AUTH, SELECT, INFO): nobody waits for that. */
const HANDSHAKE_MS = 1000
/** Longest pause between two attempts: a server that is back is used within two seconds (FR20). */
const MAX_BACK_OFF_MS = 1000
const FIRST_BACK_OFF_MS = 25
/** How often a cluster is asked who serves which slots, besides when it says so itself. */
const SLOTS_EVERY_MS = 2000

/** Pause before the `attempt`-th try (from 1): doubling, and between half and all of it, so that replicas do not come back in step. */
export function backOffMs (attempt: number): number {
  const fullMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(attempt, 10))
  return fullMs * (0.5 + Math.random() / 2)
}

/**
 * What every connection has: nothing is queued, nothing is sent twice (a script that was lost on the way may have run), and a
 * server that only reads is left for the one that writes (FR22).
 */
function commonOptions (settings: RedisSettings) {
  return {
    ...settings.username === undefined ? undefined : { username: settings.username },
    ...settings.password === undefined ? undefined : { password: settings.password },
    ...settings.tls === undefined ? undefined : { tls: { minVersion: 'TLSv1.2', ...settings.tls } },
    connectionName: 'drawbridge',
    disableClientInfo: true,
    // The reader of protocol 3 costs a third more per reply.
    protocol: 2,
    replyMapping: 'legacy',
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: CONNECT_MS,
    commandTimeout: HANDSHAKE_MS,
    maxLoadingRetryTime: 500,
    keepAlive: 10_000,
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN)/.test(error.message)
  } as const satisfies RedisOptions
}

/** One server, or the primary that sentinels name; `retries: false` for who starts anew themselves. */
export function serverOptions (settings: RedisSettings, { retries }: { readonly retries: boolean }): RedisOptions & Legacy {
  const { at } = settings
  const common = { ...commonOptions(settings), db: settings.db, retryStrategy: retries ? backOffMs : null }
  if (at.kind === 'single') return { ...common, host: at.host, port: at.port }
  if (at.kind === 'socket') return { ...common, path: at.path }
  if (at.kind === 'cluster') throw new Error('a cluster is not one server')
  return {
    ...common,
    name: at.name,
    sentinels: at.nodes.map(({ host, port }) => ({ host, port })),
    ...at.username === undefined ? undefined : { sentinelUsername: at.username },
    ...at.password === undefined ? undefined : { sentinelPassword: at.password },
    ...settings.tls === undefined ? undefined : { enableTLSForSentinelMode: true, sentinelTLS: { minVersion: 'TLSv1.2', ...settings.tls } },
    sentinelRetryStrategy: retries ? backOffMs : () => null,
    sentinelCommandTimeout: HANDSHAKE_MS,
    // Sentinels say at once that another server is the primary now.
    failoverDetector: retries,
    role: 'master'
  }
}

/** Redis Cluster. A command whose node is lost fails, and is not tried on another: it may have run. */
export function clusterOptions (settings: RedisSettings): ClusterOptions & { readonly redisOptions: ClusterOptions['redisOptions'] & Legacy } {
  return {
    redisOptions: commonOptions(settings),
    lazyConnect: true,
    enableOfflineQueue: false,
    // Names go to the connection as they are: TLS checks them.
    dnsLookup: (address, callback) => { callback(null, address) },
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 10,
    slotsRefreshTimeout: HANDSHAKE_MS,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    clusterRetryStrategy: backOffMs
  }
}
