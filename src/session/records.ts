import type { Principal } from '../shared/principal.ts'
import type { TenantId } from '../shared/ids.ts'
import { createOwnerDigest, hashOfId } from './owner-digest.ts'
import { readRecord, recordText, type SessionRecord } from './record.ts'
import type { Session, SessionEnd, SessionRoute } from './session.ts'
import type { RecordPlace, SessionStore } from './types.ts'

/** What keeps the records of this replica's sessions. */
export interface SessionRecordsOptions {
  readonly store: SessionStore
  /** Does the replica of this run live, as far as is known, and may it be asked for its sessions? */
  readonly isHolder: (instance: string) => boolean
  /** Of sessions, in milliseconds: a record outlives its session's last use by no more than this and one round of renewals. */
  readonly idleMs: () => number
  readonly nowMs: () => number
  /** Callbacks must not throw. */
  readonly events: {
    /** Somebody presented the id of a session that is not theirs (T01). */
    ownerMismatch (principal: Principal): void
    /** Another replica has the session: it ends here. */
    lost (session: Session): void
    thrown (thrown: unknown): void
  }
}

/** What there is of a session that is not open here. `held`: by a replica that lives. */
export type Lookup = { readonly kind: 'none' } | { readonly kind: 'held', readonly by: string } | { readonly kind: 'taken', readonly record: SessionRecord }

const NONE: Lookup = { kind: 'none' }
/** Records are kept alive at least this often, in milliseconds; more often where sessions live shorter. */
const RENEW_MS = 20_000
const LEAST_RENEW_MS = 250
/** Records of one round trip. */
const RENEWED_AT_ONCE = 500
/** Ends of sessions that the store could not be told of; it is told when it is back. More are left to their time to live. */
const MAX_OWED = 10_000
/** Tries at taking over a record that others want too. */
const TRIES = 3

interface Kept { readonly session: Session, readonly place: RecordPlace }

/**
 * The records of this replica's sessions that others may go on with: written when a session was greeted, kept alive in bulk,
 * taken away when it ends. And the way to a session whose replica has gone (rulings 7, FR30).
 */
export class SessionRecords {
  readonly #options: SessionRecordsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #owed = new Map<string, RecordPlace>()
  readonly #ownerOf = createOwnerDigest()
  #timer: NodeJS.Timeout
  #isClosed = false

  constructor (options: SessionRecordsOptions) {
    this.#options = options
    this.#timer = this.#later()
  }

  /** The session may be opened anew by others from now on; what it is now, is what they find. Called again when that changes. */
  keep (session: Session): void {
    const place = placeOf(session)
    this.#kept.set(place.idHash, { session, place })
    this.#write({ session, place }).catch(this.#options.events.thrown)
  }

  /** The session has ended here. Settles when the store knows, or cannot be told now; undefined = there was no record. */
  ended (session: Session, reason: SessionEnd | undefined): Promise<void> | undefined {
    const idHash = hashOfId(session.id)
    const kept = this.#kept.get(idHash)
    if (kept === undefined) return undefined
    this.#kept.delete(idHash)
    const { store } = this.#options
    if (reason === 'draining') return store.release(kept.place).catch(() => undefined)
    return store.remove(kept.place).catch(() => { this.#owe(kept.place) })
  }

  /**
   * Looks for a session that is not open here, and takes it over when its replica has gone: of all that try, one gets it.
   * @throws RedisAway when the store does not answer: nobody can say whether there is one
   */
  async take (id: string, principal: Principal, route: SessionRoute): Promise<Lookup> {
    const place = { tenant: principal.tenant, idHash: hashOfId(id) }
    if (this.#owed.has(place.idHash)) return NONE
    const { store, isHolder, idleMs, events } = this.#options
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await store.look(place)
      const record = found === undefined ? undefined : readRecord(found.text, this.#ownerOf(principal, route))
      if (record === 'foreign') events.ownerMismatch(principal)
      if (found === undefined || record === undefined || record === 'foreign') return NONE
      if (isHolder(found.holder)) return { kind: 'held', by: found.holder }
      if (await store.adopt(place, found.holder, idleMs() + this.#renewMs)) return { kind: 'taken', record }
    }
    return NONE
  }

  /** Nothing is kept alive any more. */
  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  get #renewMs (): number { return Math.max(LEAST_RENEW_MS, Math.min(RENEW_MS, this.#options.idleMs() / 4)) }

  #later (): NodeJS.Timeout {
    return setTimeout(() => {
      // What the store did not do now, it is asked for again.
      this.#renewAll().catch(() => undefined).finally(() => { if (!this.#isClosed) this.#timer = this.#later() }).catch(this.#options.events.thrown)
    }, this.#renewMs).unref()
  }

  async #renewAll (): Promise<void> {
    const { store } = this.#options
    if (store.isAway) return
    for (const [idHash, place] of [...this.#owed]) {
      await store.remove(place)
      this.#owed.delete(idHash)
    }
    for (const [tenant, kept] of this.#byTenant()) {
      for (let at = 0; at < kept.length; at += RENEWED_AT_ONCE) await this.#renew(tenant, kept.slice(at, at + RENEWED_AT_ONCE))
    }
  }

  #byTenant (): Map<TenantId, Kept[]> {
    const byTenant = new Map<TenantId, Kept[]>()
    for (const kept of this.#kept.values()) {
      const { tenant } = kept.place
      const mine = byTenant.get(tenant)
      if (mine === undefined) byTenant.set(tenant, [kept])
      else mine.push(kept)
    }
    return byTenant
  }

  async #renew (tenant: TenantId, kept: readonly Kept[]): Promise<void> {
    const renewals = await this.#options.store.renew(tenant, kept.map(({ session, place }) => ({ idHash: place.idHash, ttlMs: this.#ttlMs(session) })))
    for (const [at, each] of kept.entries()) {
      if (!this.#kept.has(each.place.idHash)) continue
      if (renewals[at] === 'missing') await this.#write(each)
      else if (renewals[at] === 'lost') {
        this.#kept.delete(each.place.idHash)
        this.#options.events.lost(each.session)
      }
    }
  }

  /** A record that could not be written is missing in the next round. */
  async #write ({ session, place }: Kept): Promise<void> {
    const text = recordText({ owner: this.#ownerOf(session.principal, session.route), hello: session.hello, logLevel: session.logLevel })
    if (text !== undefined) await this.#options.store.keep(place, text, this.#ttlMs(session)).catch(() => undefined)
  }

  #ttlMs (session: Session): number {
    const { idleMs, nowMs } = this.#options
    const leftMs = session.idle ? idleMs() - (nowMs() - session.lastUsedMs) : idleMs()
    return Math.ceil(Math.max(0, leftMs) + this.#renewMs)
  }

  #owe (place: RecordPlace): void {
    if (this.#owed.size < MAX_OWED) this.#owed.set(place.idHash, place)
  }
}

function placeOf ({ id, principal }: Session): RecordPlace {
  return { tenant: principal.tenant, idHash: hashOfId(id) }
}
