import { isJsonObject } from '../../protocol/index.ts'
import { readJson } from '../../shared/read-json.ts'
import { CredentialError } from './credential-error.ts'

/** A token with the end of its life. */
export interface AccessToken {
  readonly value: string
  /** Seconds from now; undefined: the server does not say (RFC 6749 5.1). */
  readonly lifeS: number | undefined
}

/** As a header can carry it (RFC 6750 2.1), and no longer than servers take. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/
/** Error codes of RFC 6749 5.2 and the like: words, nothing that could be a secret. */
const ERROR_WORD = /^[a-z_]{1,40}$/

/**
 * The token in the answer of a token endpoint (RFC 6749 5.1, 5.2).
 * @throws CredentialError; what the answer says goes no further than its status and a known kind of word
 */
export function readTokenAnswer (status: number, text: string): AccessToken {
  const body = objectIn(text)
  if (status >= 500 || status === 429 || status === 408) throw new CredentialError('GW_UPSTREAM_UNAVAILABLE', `the token endpoint answered with status ${status}`)
  if (status !== 200) throw new CredentialError('GW_UPSTREAM_AUTH', `the token endpoint refused with status ${status}${wordIn(body)}`)
  const { access_token: value, token_type: type, expires_in: life } = body ?? {}
  if (typeof value !== 'string' || !TOKEN.test(value)) throw new CredentialError('GW_UPSTREAM_AUTH', 'the token endpoint answered without a token')
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw new CredentialError('GW_UPSTREAM_AUTH', 'the token endpoint answered with a token of another type than Bearer')
  const lifeS = typeof life === 'string' && /^[0-9]{1,9}$/.test(life) ? Number(life) : life
  return { value, lifeS: typeof lifeS === 'number' && lifeS > 0 ? lifeS : undefined }
}

function objectIn (text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = readJson(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function wordIn (body: Record<string, unknown> | undefined): string {
  const word = body?.['error']
  return typeof word === 'string' && ERROR_WORD.test(word) ? `, ${word}` : ''
}
