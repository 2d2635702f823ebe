import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { HostPort, RedisSettings } from '../../src/shared/settings/redis.ts'
import type { Overrides } from '../environment.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import { readRedisUrl } from './redis-url.ts'
import { buildTls } from './upstream-tls.ts'

type RedisEntry = NonNullable<GatewayFile['redis']>
type Reached = Pick<RedisSettings, 'at' | 'username' | 'password' | 'db' | 'tls'>

export interface RedisContext {
  readonly overrides: Overrides
  /** Of `redis` in the main file. */
  readonly place: Place
  readonly report: Report
  readonly workingDirectory: string
}

const DEFAULTS = { db: 0, keyPrefix: 'db:', commandTimeoutMs: 100, whenAway: 'local' } as const

/** @returns undefined when no Redis is configured, or what is configured has a fault. No fault names a value: it may hold a password. */
export function buildRedis (entry: RedisEntry | undefined, context: RedisContext): RedisSettings | undefined {
  const { overrides, report, place } = context
  if (entry === undefined && overrides.redisUrl === undefined) return undefined
  const written = entry ?? {}
  const ways = [overrides.redisUrl === undefined ? 'url' : 'REDIS_URL', 'sentinel', 'cluster'].filter((way) => way === 'REDIS_URL' || written[way as keyof RedisEntry] !== undefined)
  if (ways.length !== 1) {
    report.fault(place, ways.length === 0 ? 'expected one of url, sentinel and cluster' : `expected one of url, sentinel and cluster, got ${ways.join(' and ')}`)
    return undefined
  }
  const reached = written.sentinel !== undefined || written.cluster !== undefined ? manyServers(written, context) : oneServer(written, context)
  if (reached === undefined) return undefined
  return {
    ...reached,
    keyPrefix: written.keyPrefix ?? DEFAULTS.keyPrefix,
    commandTimeoutMs: written.commandTimeoutMs ?? DEFAULTS.commandTimeoutMs,
    whenAway: (written.whenAway ?? DEFAULTS.whenAway) as RedisSettings['whenAway']
  }
}

/** A URL of the environment goes before that of the file. */
function oneServer (entry: RedisEntry, { overrides, place, report, workingDirectory }: RedisContext): Reached | undefined {
  const at: Place = overrides.redisUrl === undefined ? within(place, 'url') : { path: ['REDIS_URL'] }
  const url = readRedisUrl(overrides.redisUrl ?? entry.url ?? '')
  if (url === undefined) {
    report.fault(at, 'expected redis://host:port/db, rediss://host:port/db or unix:///path, with special characters of a password percent-encoded')
    return undefined
  }
  for (const key of ['username', 'password', 'db'] as const) {
    if (url[key] !== undefined && entry[key] !== undefined) report.fault(within(place, key), 'expected it here or in the URL, not in both')
  }
  if (!url.hasTls && entry.tls !== undefined) report.fault(within(place, 'tls'), 'expected no tls, because the URL does not begin with rediss://')
  const { hasTls, ...rest } = url
  return { db: entry.db ?? DEFAULTS.db, ...credentialsOf(entry), ...rest, ...(hasTls ? { tls: buildTls(entry.tls ?? {}, { place: within(place, 'tls'), workingDirectory, report }) } : {}) }
}

function manyServers (entry: RedisEntry, { place, report, workingDirectory }: RedisContext): Reached | undefined {
  const tls = entry.tls === undefined ? {} : { tls: buildTls(entry.tls, { place: within(place, 'tls'), workingDirectory, report }) }
  const common = { db: entry.db ?? DEFAULTS.db, ...credentialsOf(entry), ...tls }
  if (entry.sentinel !== undefined) return { ...common, at: { kind: 'sentinel', name: entry.sentinel.name, nodes: hostPorts(entry.sentinel.nodes, within(place, 'sentinel', 'nodes'), report), ...credentialsOf(entry.sentinel) } }
  if (common.db !== 0) report.fault(within(place, 'db'), 'expected no database, because a cluster has only one')
  return { ...common, at: { kind: 'cluster', nodes: hostPorts(entry.cluster?.nodes ?? [], within(place, 'cluster', 'nodes'), report) } }
}

function credentialsOf ({ username, password }: { readonly username?: string, readonly password?: string }): { username?: string, password?: string } {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

function hostPorts (texts: readonly string[], place: Place, report: Report): HostPort[] {
  return texts.map((text, index) => {
    const colon = text.lastIndexOf(':')
    const port = Number(text.slice(colon + 1))
    if (port < 1 || port > 65_535) report.fault(within(place, index), `expected a port from 1 to 65535, got ${port}`)
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port }
  })
}
