import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../shared/errors.ts'
import type { Principal } from '../shared/principal.ts'
import { ok } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import type { ApiKeySettings } from '../shared/settings/auth.ts'
import { API_KEY_ISSUER, makePrincipal } from './make-principal.ts'
import { refused } from './refused.ts'
import type { Revocations } from './revocation/revocations.ts'
import type { AuthRefusal } from './types.ts'

/** How every key begins; no JWT can, because its first byte decodes to `{` or white space. */
export const API_KEY_PREFIX = 'db_'

interface KnownKey {
  readonly sha256: string
  readonly digest: Buffer
  readonly verdict: Result<Principal, AuthRefusal>
  /** Looked up when something is revoked, and not with each call. */
  isRevoked: boolean
}

/** Verifies API keys. */
export interface ApiKeys {
  /** @param text the whole key, `db_<id>_<secret>` */
  verify (text: string): Result<Principal, AuthRefusal>
  readonly size: number
  /** SHA-256 of the whole text of the key of this id, lower-case hex; undefined = there is none. */
  sha256Of (id: string): string | undefined
  /** Hears of no more revocations. */
  close (): void
}

/**
 * Makes the verifier of the configured keys. A plain SHA-256 is enough, because a key's secret is 256 random bits and
 * not a password. Every key, known or not, costs one hash and one comparison of equal length, so time does not tell
 * which ids exist (T13).
 * @throws GatewayError GW_CONFIG for a hash that is not 64 hex digits or an id given twice
 */
export function createApiKeys (settings: readonly ApiKeySettings[], revocations?: Pick<Revocations, 'keyIsRevoked' | 'isUnknown' | 'onChange'>): ApiKeys {
  const keys = new Map<string, KnownKey>()
  const nobody = Buffer.from(randomBytes(32).toString('hex'), 'latin1')
  // Digests are compared as hex digits in memory of our own: a digest that Node returns as a Buffer costs four times as much.
  const presented = Buffer.alloc(nobody.length)
  for (const entry of settings) {
    if (!/^[0-9a-f]{64}$/.test(entry.sha256)) throw new GatewayError('GW_CONFIG', { reason: `auth.apiKeys: ${entry.id}: sha256 must be 64 hex digits` })
    if (keys.has(entry.id)) throw new GatewayError('GW_CONFIG', { reason: `auth.apiKeys: ${entry.id} is given twice` })
    keys.set(entry.id, { sha256: entry.sha256, digest: Buffer.from(entry.sha256, 'latin1'), verdict: Object.freeze(ok(keyPrincipal(entry))), isRevoked: false })
  }
  const lookUp = (): void => {
    for (const key of keys.values()) key.isRevoked = revocations?.keyIsRevoked(key.sha256) === true
  }
  lookUp()
  const endWatch = revocations?.onChange(lookUp)
  return {
    verify (text) {
      const known = keys.get(keyId(text))
      presented.write(hash('sha256', text), 'latin1')
      const equal = timingSafeEqual(known?.digest ?? nobody, presented)
      if (known === undefined) return refused('unknown_key')
      if (!equal) return refused('wrong_secret')
      if (known.isRevoked) return refused('revoked')
      return revocations?.isUnknown === true ? refused('revocations_unknown') : known.verdict
    },
    size: keys.size,
    sha256Of: (id) => keys.get(id)?.sha256,
    close: () => endWatch?.()
  }
}

/** The id, or an empty one that no key has. */
function keyId (text: string): string {
  const end = text.indexOf('_', API_KEY_PREFIX.length)
  return end === -1 ? '' : text.slice(API_KEY_PREFIX.length, end)
}

function keyPrincipal ({ id, tenant, user, scopes, roles, callsPerMinute }: ApiKeySettings): Principal {
  return makePrincipal({ issuer: API_KEY_ISSUER, tenant, user, clientId: id, credentialId: id, scopes, roles, callsPerMinute })
}
