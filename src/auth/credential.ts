import { ok } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { carriesCredential } from './query.ts'
import { refused } from './refused.ts'
import type { AuthRefusal } from './types.ts'

/** The one credential of a request, not looked into yet. */
export interface Credential {
  readonly header: 'authorization' | 'x-api-key'
  /** The token or key; never empty, at most {@link MAX_CREDENTIAL_BYTES}. */
  readonly text: string
}

/** Checked before anything is decoded or hashed (T11). Node's own header bound is 16 KiB for all headers together. */
export const MAX_CREDENTIAL_BYTES = 8192

/**
 * Finds the one credential. Headers are counted in node's raw list, because `req.headers` keeps the first of two
 * Authorization headers in silence (T27): two of a kind, identical or not, or one of each, are ambiguous.
 * @param rawHeaders name, value, name, value …
 * @param url the raw request target
 */
export function readCredential (rawHeaders: readonly string[], url: string): Result<Credential, AuthRefusal> {
  let authorization: string | undefined
  let apiKey: string | undefined
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      authorization = rawHeaders[i + 1] ?? ''
      count++
    } else if (name.length === 9 && name.toLowerCase() === 'x-api-key') {
      apiKey = rawHeaders[i + 1] ?? ''
      count++
    }
  }
  if (count > 1) return refused('ambiguous')
  if (carriesCredential(url)) return refused('in_query')
  if (authorization !== undefined) return fromAuthorization(authorization)
  if (apiKey !== undefined) return credential('x-api-key', apiKey)
  return refused('missing')
}

/** `Bearer` in any case, one or more spaces, then the token (RFC 9110 11.4). */
function fromAuthorization (value: string): Result<Credential, AuthRefusal> {
  const space = value.indexOf(' ')
  const scheme = space === -1 ? value : value.slice(0, space)
  if (scheme.length !== 6 || scheme.toLowerCase() !== 'bearer') return refused(value === '' ? 'missing' : 'scheme')
  return credential('authorization', space === -1 ? '' : value.slice(space))
}

function credential (header: Credential['header'], value: string): Result<Credential, AuthRefusal> {
  if (value.length > MAX_CREDENTIAL_BYTES) return refused('too_large')
  const text = value.trim()
  return text === '' ? refused('missing') : ok({ header, text })
}
