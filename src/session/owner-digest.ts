import { createHash, hash } from 'node:crypto'
import type { Principal } from '../shared/principal.ts'
import { routeKey, type SessionRoute } from './session.ts'

/** Digest of whose session it is. */
export type OwnerDigest = (principal: Principal, route: SessionRoute) => Buffer

/** Sessions are found by a hash of their id, so that no timing of the lookup tells anything about stored ids (rulings 4). */
export function hashOfId (id: string): string {
  // In hex: Node's base64 takes as long as the hash itself.
  return hash('sha256', id, 'hex')
}

/** Digest of (issuer, tenant, user, client, route), remembered per principal: it is compared on every request. */
export function createOwnerDigest (): OwnerDigest {
  const digests = new WeakMap<Principal, Map<string, Buffer>>()
  return (principal, route) => {
    const key = routeKey(route)
    let byRoute = digests.get(principal)
    if (byRoute === undefined) digests.set(principal, byRoute = new Map())
    let digest = byRoute.get(key)
    if (digest === undefined) {
      digest = createHash('sha256').update(JSON.stringify([principal.ownerKey, key])).digest()
      byRoute.set(key, digest)
    }
    return digest
  }
}
