import type { Reach } from '../http/issuer-line.ts'
import { namesLoopback } from '../http/issuer-line.ts'
import { isObject } from '../jwt/parse.ts'
import type { FetchJwks } from './fetch-jwks.ts'

/** Gets a key set. */
export type FetchKeys = (signal: AbortSignal) => Promise<unknown>

/**
 * How the keys of an issuer are fetched whose entry says nothing but its name: its metadata is asked for where they are, at
 * each fetch anew, so that an issuer may move them.
 * @param issuer its URL, exactly as its tokens name it
 */
export function discoverKeys (issuer: string, reach: Reach, fetchJwks: FetchJwks): FetchKeys {
  return async (signal) => await fetchJwks(await keysOf(issuer, signal, reach, fetchJwks), signal, reach)
}

/** Places in the order of MCP 2025-11-25, authorization server metadata discovery. */
async function keysOf (issuer: string, signal: AbortSignal, reach: Reach, fetchJwks: FetchJwks): Promise<string> {
  const wrong: string[] = []
  for (const url of metadataUrls(issuer)) {
    try {
      return jwksUriIn(await fetchJwks(url, signal, reach), issuer)
    } catch (error) {
      if (signal.aborted) throw error
      wrong.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(`no metadata of the issuer: ${[...new Set(wrong)].join('; ')}`)
}

/** RFC 8414 3.1, then OpenID Connect Discovery 4.1: with a path its insertion comes before its appending. */
export function metadataUrls (issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((name) => `${origin}/.well-known/${name}${path}`)
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`]
}

/**
 * Metadata of another issuer is none, however alike the names are (RFC 8414 3.3). Keys may be on another host, but whoever
 * is out in the world does not send us to this machine.
 */
function jwksUriIn (metadata: unknown, issuer: string): string {
  if (!isObject(metadata)) throw new Error('the metadata is no JSON object')
  if (metadata['issuer'] !== issuer) throw new Error('the metadata is that of another issuer')
  const uri = metadata['jwks_uri']
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw new Error('the metadata names no jwks_uri')
  if (namesLoopback(uri) && !namesLoopback(issuer)) throw new Error('the metadata names a jwks_uri on this machine')
  return uri
}
