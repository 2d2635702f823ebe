import type { RedisSettings } from '../../src/shared/settings/redis.ts'

/** What a Redis URL says. */
export interface RedisUrl {
  readonly at: Extract<RedisSettings['at'], { readonly kind: 'single' | 'socket' }>
  readonly username?: string
  readonly password?: string
  readonly db?: number
  readonly hasTls: boolean
}

const DEFAULT_PORT = 6379

/**
 * Reads `redis://`, `rediss://` and `unix://` URLs.
 * @returns undefined for anything else; nothing is said of why, because the text may hold a password
 */
export function readRedisUrl (text: string): RedisUrl | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.search !== '' || url.hash !== '') return undefined
  const path = decoded(url.pathname)
  const credentials = credentialsOf(url)
  if (path === undefined || credentials === undefined) return undefined
  if (url.protocol === 'unix:') return url.host === '' && path.length > 1 ? { at: { kind: 'socket', path }, ...credentials, hasTls: false } : undefined
  if ((url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '') return undefined
  const db = /^\/?$/.test(path) ? {} : /^\/\d{1,5}$/.test(path) ? { db: Number(path.slice(1)) } : undefined
  if (db === undefined) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { at: { kind: 'single', host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) }, ...credentials, ...db, hasTls: url.protocol === 'rediss:' }
}

function credentialsOf (url: URL): { username?: string, password?: string } | undefined {
  const username = decoded(url.username)
  const password = decoded(url.password)
  if (username === undefined || password === undefined) return undefined
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
}

function decoded (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
