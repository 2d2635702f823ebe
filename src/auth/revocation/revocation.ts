import { readJson } from '../../shared/read-json.ts'

/** What was revoked. */
export type Revoked =
  /** An API key, by the hash of its text: another key of the same id is another key. */
  | { readonly kind: 'key', readonly sha256: string }
  /** One of the gateway's own tokens. */
  | { readonly kind: 'token', readonly jti: string }
  /** All own tokens of a user that were issued up to then, wall clock. */
  | { readonly kind: 'user', readonly tenant: string, readonly user: string, readonly atMs: number }

/** One entry of the list. */
export interface Revocation {
  readonly revoked: Revoked
  /** Wall clock: from then on it means nothing any more. */
  readonly untilMs: number
}

/** What two entries about the same thing have in common. */
export function identityOf (revoked: Revoked): string {
  switch (revoked.kind) {
    case 'key': return `key ${revoked.sha256}`
    case 'token': return `token ${revoked.jti}`
    case 'user': return `user ${userOf(revoked.tenant, revoked.user)}`
  }
}

/** A user of a tenant, as one text. */
export function userOf (tenant: string, user: string): string {
  return JSON.stringify([tenant, user])
}

/** An entry as it is stored: always the same text for the same entry. */
export function revocationText ({ revoked, untilMs }: Revocation): string {
  return JSON.stringify(revoked.kind === 'user' ? ['user', untilMs, revoked.tenant, revoked.user, revoked.atMs] : [revoked.kind, untilMs, revoked.kind === 'key' ? revoked.sha256 : revoked.jti])
}

/** Reads what {@link revocationText} wrote; undefined = something else. */
export function readRevocation (text: string): Revocation | undefined {
  const [kind, untilMs, one, two, atMs] = partsOf(text)
  if (typeof untilMs !== 'number' || typeof one !== 'string') return undefined
  if (kind === 'key') return { untilMs, revoked: { kind, sha256: one } }
  if (kind === 'token') return { untilMs, revoked: { kind, jti: one } }
  if (kind === 'user' && typeof two === 'string' && typeof atMs === 'number') return { untilMs, revoked: { kind, tenant: one, user: two, atMs } }
  return undefined
}

function partsOf (text: string): readonly unknown[] {
  try {
    const value = readJson(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
