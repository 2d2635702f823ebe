import { timingSafeEqual } from 'node:crypto'
import { isSessionIdShape } from '../protocol/index.ts'
import { brandAs, randomId, type SessionId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { createOwnerDigest, hashOfId } from './owner-digest.ts'
import type { SessionRecord } from './record.ts'
import { Session, type SessionEnd, type SessionRoute } from './session.ts'

/** Bounds of sessions, and who hears of them. No event may throw. */
export interface SessionRegistryOptions {
  /** A session without request in flight or open GET stream ends after this. */
  readonly idleMs: number
  readonly maxPerUser: number
  readonly nowMs: () => number
  /** Ids of new sessions: 256 random bits, with a tag or without. Default: without. */
  readonly newId?: () => string
  readonly events: {
    opened (session: Session): void
    /** @param reason absent = its client, its idle time or its user's newer sessions ended it */
    closed (session: Session, reason?: SessionEnd): void
    /** Somebody presented a session id that is not theirs (T01). */
    ownerMismatch (principal: Principal): void
    eventDropped (): void
  }
}

/** Whose session is wanted, and where. */
export interface NewSession {
  readonly principal: Principal
  readonly route: SessionRoute
  readonly face: 'http' | 'sse'
}

/** The open sessions of one process, by id and by user (T01, T55). */
export interface SessionRegistry {
  /** Opens a session, ending the user's longest idle one if they hold too many; undefined when none is idle. */
  open (wanted: NewSession): Session | undefined
  /** Goes on with a session that another replica had, under its own id; undefined as for {@link open}. The record was checked against owner and route. */
  resume (wanted: NewSession, id: string, record: Pick<SessionRecord, 'hello' | 'logLevel'>): Session | undefined
  /** Is a session of this id open here, whosever it is? For finding where a request belongs, and nothing else. */
  has (id: string): boolean
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

/** A registry, and the timer that ends idle sessions; `closeAll` ends both. */
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
    if (!byHash.delete(hashOfId(session.id))) return
    const mine = byUser.get(session.principal.userKey)
    mine?.delete(session)
    if (mine?.size === 0) byUser.delete(session.principal.userKey)
    session.close(reason)
    options.events.closed(session, reason)
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

  function enter (wanted: NewSession, id: SessionId): Session | undefined {
    const { userKey } = wanted.principal
    if (!makePlace(byUser.get(userKey) ?? new Set())) return undefined
    const session = new Session({ ...wanted, id, salt: randomId().slice(0, 12), nowMs: options.nowMs, onEventDropped: options.events.eventDropped })
    byHash.set(hashOfId(id), { session, owner: ownerOf(wanted.principal, wanted.route) })
    const mine = byUser.get(userKey)
    if (mine === undefined) byUser.set(userKey, new Set([session]))
    else mine.add(session)
    options.events.opened(session)
    return session
  }

  return {
    open: (wanted) => enter(wanted, brandAs<SessionId>(options.newId?.() ?? randomId())),
    resume (wanted, id, { hello, logLevel }) {
      const session = enter(wanted, brandAs<SessionId>(id))
      session?.greet(hello)
      if (session !== undefined) session.logLevel = logLevel
      return session
    },
    has: (id) => byHash.has(hashOfId(id)),
    find (id, principal, route) {
      if (!isSessionIdShape(id)) return undefined
      const entry = byHash.get(hashOfId(id))
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
