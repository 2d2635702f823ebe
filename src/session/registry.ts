import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { isSessionIdShape } from '../protocol/index.ts'
import { brandAs, randomId, type SessionId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { routeKey, Session, type SessionEnd, type SessionRoute } from './session.ts'

export interface SessionRegistryOptions {
  /** A session without request in flight or open GET stream ends after this. */
  readonly idleMs: number
  readonly maxPerUser: number
  readonly nowMs: () => number
  readonly events: {
    opened (session: Session): void
    closed (session: Session): void
    /** Somebody presented a session id that is not theirs (T01). */
    ownerMismatch (principal: Principal): void
    eventDropped (): void
  }
}

export interface NewSession {
  readonly principal: Principal
  readonly route: SessionRoute
  readonly face: 'http' | 'sse'
}

export interface SessionRegistry {
  /** Opens a session, ending the user's longest idle one if they hold too many; undefined when none is idle. */
  open (wanted: NewSession): Session | undefined
  /** The session of this id, owner and route, or undefined without telling which part was wrong (T01, T25). */
  find (id: string, principal: Principal, route: SessionRoute): Session | undefined
  /** Ends a session; nothing if it has ended already. */
  close (session: Session, reason?: SessionEnd): void
  readonly size: number
  countByFace (face: 'http' | 'sse'): number
  [Symbol.iterator] (): Iterator<Session>
  /** Other bounds, from now on: sessions that are open have them too. */
  configure (bounds: Pick<SessionRegistryOptions, 'idleMs' | 'maxPerUser'>): void
  /** Ends every session and the expiry timer. */
  closeAll (reason?: SessionEnd): void
}

/** Idle sessions are looked for this often, so idleMs is honoured to within it. */
const SWEEP_MS = 1000

interface Entry { readonly session: Session, readonly owner: Buffer }

export function createSessionRegistry (options: SessionRegistryOptions): SessionRegistry {
  let { idleMs, maxPerUser } = options
  const byHash = new Map<string, Entry>()
  const byUser = new Map<string, Set<Session>>()
  const ownerOf = createOwnerDigest()
  const sweep = setInterval(expireIdle, SWEEP_MS)
  sweep.unref()

  function expireIdle (): void {
    const now = options.nowMs()
    for (const { session } of byHash.values()) {
      if (session.idle && now - session.lastUsedMs >= idleMs) close(session)
    }
  }

  function close (session: Session, reason?: SessionEnd): void {
    if (!byHash.delete(hashOf(session.id))) return
    const mine = byUser.get(session.principal.userKey)
    mine?.delete(session)
    if (mine?.size === 0) byUser.delete(session.principal.userKey)
    session.close(reason)
    options.events.closed(session)
  }

  function makePlace (mine: Set<Session>): boolean {
    if (mine.size < maxPerUser) return true
    let oldest: Session | undefined
    for (const session of mine) {
      if (session.idle && (oldest === undefined || session.lastUsedMs < oldest.lastUsedMs)) oldest = session
    }
    if (oldest === undefined) return false
    close(oldest)
    return true
  }

  return {
    open (wanted) {
      const { userKey } = wanted.principal
      if (!makePlace(byUser.get(userKey) ?? new Set())) return undefined
      const session = new Session({ ...wanted, id: brandAs<SessionId>(randomId()), salt: randomId().slice(0, 12), nowMs: options.nowMs, onEventDropped: options.events.eventDropped })
      byHash.set(hashOf(session.id), { session, owner: ownerOf(wanted.principal, wanted.route) })
      const mine = byUser.get(userKey)
      if (mine === undefined) byUser.set(userKey, new Set([session]))
      else mine.add(session)
      options.events.opened(session)
      return session
    },
    find (id, principal, route) {
      if (!isSessionIdShape(id)) return undefined
      const entry = byHash.get(hashOf(id))
      const owner = ownerOf(principal, route)
      if (entry === undefined) return undefined
      if (!timingSafeEqual(entry.owner, owner)) {
        options.events.ownerMismatch(principal)
        return undefined
      }
      entry.session.touch()
      return entry.session
    },
    close,
    get size () { return byHash.size },
    countByFace: (face) => [...byHash.values()].filter(({ session }) => session.face === face).length,
    * [Symbol.iterator] () {
      for (const { session } of byHash.values()) yield session
    },
    configure: (bounds) => { ({ idleMs, maxPerUser } = bounds) },
    closeAll (reason) {
      clearInterval(sweep)
      for (const { session } of [...byHash.values()]) close(session, reason)
    }
  }
}

/** Sessions are found by a hash of their id, so that no timing of the lookup tells anything about stored ids (rulings 4). */
function hashOf (id: string): string {
  // In hex: Node's base64 takes as long as the hash itself.
  return hash('sha256', id, 'hex')
}

/** Digest of (issuer, tenant, user, client, route), remembered per principal: it is compared on every request. */
function createOwnerDigest (): (principal: Principal, route: SessionRoute) => Buffer {
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
