import type { Settings } from '../shared/settings.ts'
import type { AuthSettings, TokenIdentitySettings } from '../shared/settings/auth.ts'
import type { ClientCredentials } from '../shared/settings/client-credentials.ts'
import type { RedisSettings } from '../shared/settings/redis.ts'
import type { TlsSettings } from '../shared/settings/tls.ts'
import { looksSecret } from './looks-secret.ts'

const MASK = '***'
const RANDOM_PART = /^(?=.*\d)(?=.*[A-Za-z])[\w.~%-]{20,}$/

/** The settings as plain data for a human to read: maps as objects, and nothing that is or may be a secret (T62). */
export function effectiveSettings (settings: Settings): unknown {
  const { management, auth, servers, tenants, secret, redis, warnings, ...rest } = settings
  return {
    ...rest,
    ...(secret === undefined ? {} : { secret: MASK }),
    ...(redis === undefined ? {} : { redis: maskedRedis(redis) }),
    management: { ...management, ...(management.token === undefined ? {} : { token: MASK }) },
    auth: maskedAuth(auth),
    ...(tenants === undefined ? {} : { tenants: Object.fromEntries(tenants) }),
    servers: Object.fromEntries([...servers].map(([name, server]) => [name, {
      ...server,
      args: maskedArgs(server.args),
      env: maskedValues(server.env),
      headers: maskedValues(server.headers),
      ...(server.url === undefined ? {} : { url: maskedUrl(server.url) }),
      ...(server.tls === undefined ? {} : { tls: maskedTls(server.tls) }),
      ...(server.credentials === undefined ? {} : { credentials: maskedCredentials(server.credentials) })
    }]))
  }
}

function maskedAuth ({ jwt, introspection, tokens, ...auth }: AuthSettings): object {
  const tls = (issuer: TokenIdentitySettings): object => issuer.tls === undefined ? {} : { tls: maskedTls(issuer.tls) }
  return {
    ...auth,
    jwt: jwt.map((issuer) => ({ ...issuer, ...(issuer.secret === undefined ? {} : { secret: MASK }), ...tls(issuer) })),
    ...(introspection === undefined ? {} : { introspection: introspection.map((server) => ({ ...server, clientSecret: MASK, ...tls(server) })) }),
    ...(tokens === undefined ? {} : { tokens: { keys: tokens.keys.map(({ kid }) => ({ kid, privateKey: MASK })) } })
  }
}

function maskedValues (values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === '' || value.includes('{tenant}') || value.includes('{user}') ? value : MASK]))
}

/** `--token x`, `--token=x`, and anything that looks like a token by itself. */
function maskedArgs (args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const [, option, value] = /^(--?[\w-]+)=(.+)$/s.exec(arg) ?? []
    if (option !== undefined && value !== undefined) return looksSecret(option, value) ? `${option}=${MASK}` : arg
    const before = args[index - 1] ?? ''
    return looksSecret(before.startsWith('-') ? before : '', arg) ? MASK : arg
  })
}

/** Query and fragment, and parts of the path that look random: services put keys there. */
function maskedUrl (text: string): string {
  if (!URL.canParse(text)) return MASK
  const { origin, pathname, search } = new URL(text)
  const path = pathname.split('/').map((part) => RANDOM_PART.test(part) ? MASK : part).join('/')
  return `${origin}${path}${search === '' ? '' : `?${MASK}`}`
}

function maskedCredentials ({ tls, ...credentials }: ClientCredentials): object {
  return { ...credentials, clientSecret: MASK, ...(tls === undefined ? {} : { tls: maskedTls(tls) }) }
}

function maskedRedis ({ at, tls, ...redis }: RedisSettings): object {
  return {
    ...redis,
    at: 'password' in at ? { ...at, password: MASK } : at,
    ...(redis.password === undefined ? {} : { password: MASK }),
    ...(tls === undefined ? {} : { tls: maskedTls(tls) })
  }
}

/** Certificates are public, but long. */
function maskedTls (tls: TlsSettings): object {
  return Object.fromEntries(Object.entries(tls).map(([name, value]) => [name, name === 'servername' ? value : name === 'key' ? MASK : '(PEM)']))
}
