import type { RedisSettings } from '../shared/settings/redis.ts'

/** Where Redis is, for a human; no user and no password. */
export function redisAddress ({ at, tls }: RedisSettings): string {
  const secured = tls === undefined ? '' : ', TLS'
  if (at.kind === 'socket') return `Redis at ${at.path}`
  if (at.kind === 'single') return `Redis at ${at.host}:${at.port}${secured}`
  const nodes = at.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')
  return at.kind === 'sentinel' ? `Redis "${at.name}" by sentinels ${nodes}${secured}` : `Redis Cluster at ${nodes}${secured}`
}
