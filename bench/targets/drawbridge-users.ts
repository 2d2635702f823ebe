import { createHash, createHmac, randomBytes } from 'node:crypto'

/** Users of the bench, and what the gateway must know to believe them. */
export interface BenchUsers {
  /** One bearer text per user, in the order of the users. */
  readonly credentials: readonly string[]
  readonly tenants: readonly string[]
  readonly apiKeys: readonly object[]
  /** Name of the variable with the HS256 secret, when the users come with tokens. */
  readonly secretEnv?: string
  readonly env: Readonly<Record<string, string>>
}

export const ISSUER = 'bench-issuer'
export const AUDIENCE = 'drawbridge-bench'
const USERS_PER_TENANT = 5

const tenantOf = (user: number): string => `tenant${Math.floor(user / USERS_PER_TENANT)}`
const tenantsOf = (users: number): string[] => [...new Set(Array.from({ length: users }, (_, i) => tenantOf(i)))]

/** Users with an API key each; the gateway is given only the hashes. */
export function apiKeyUsers (count: number): BenchUsers {
  const keys = Array.from({ length: count }, (_, i) => ({ id: `bench${i}`, text: `db_bench${i}_${randomBytes(24).toString('base64url')}` }))
  const apiKeys = keys.map(({ id, text }, i) => ({ id, sha256: createHash('sha256').update(text).digest('hex'), tenant: tenantOf(i), user: `user${i}`, callsPerMinute: 1_000_000_000 }))
  return { credentials: keys.map(({ text }) => text), tenants: tenantsOf(count), apiKeys, env: {} }
}

/** Users with an HS256 token each, all of one issuer. */
export function jwtUsers (count: number): BenchUsers {
  const secret = randomBytes(48).toString('base64url')
  const credentials = Array.from({ length: count }, (_, i) => sign({ iss: ISSUER, aud: AUDIENCE, sub: `user${i}`, tenant: tenantOf(i) }, secret))
  return { credentials, tenants: tenantsOf(count), apiKeys: [], secretEnv: 'BENCH_JWT_SECRET', env: { BENCH_JWT_SECRET: secret } }
}

function sign (claims: object, secret: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const issuedAt = Math.floor(Date.now() / 1000)
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, iat: issuedAt, exp: issuedAt + 6 * 3600 })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
