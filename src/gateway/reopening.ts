import { SessionRecords, type Session, type SessionRegistry, type SessionRegistryOptions, type SessionRoute, type SessionStore } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { Settings } from '../shared/settings.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { Policy } from '../tenancy/index.ts'

/** Sessions that replicas take over from each other. */
export interface SharedSessions {
  readonly store: SessionStore
  /** Does the replica of this run live, so that its sessions are to be asked for there? Not this one. */
  readonly isHolder: (instance: string) => boolean
  /** A session was taken over from a replica that has gone, or that drains. */
  readonly onReopened: (session: Session) => void
}

/** Where a session is that was not open here when it was asked for. `here`: it is open now. */
export type Reopened = { readonly at: 'here' } | { readonly at: 'nowhere' } | { readonly at: 'replica', readonly instance: string }

interface ReopeningOptions {
  readonly shared: SharedSessions
  readonly registry: () => SessionRegistry
  readonly policy: Policy
  readonly settings: () => Settings
  readonly nowMs: () => number
  readonly events: SessionRegistryOptions['events'] & { thrown (thrown: unknown): void }
}

const HERE: Reopened = Object.freeze({ at: 'here' })
const NOWHERE: Reopened = Object.freeze({ at: 'nowhere' })

/**
 * Sessions that hold nothing: all servers that they reach are `stateless` by the operator's word. They are written down, and
 * whichever replica is asked for one of a replica that has gone goes on with it, under the same id (FR30, rulings 7).
 */
export class Reopening {
  readonly #options: ReopeningOptions
  readonly #records: SessionRecords
  /** Whoever asks for a session that is being taken over waits for it. */
  readonly #taking = new Map<string, Promise<Reopened>>()
  readonly #endings = new WeakMap<Session, Promise<void>>()

  constructor (options: ReopeningOptions) {
    const { shared, registry, settings, nowMs, events } = options
    this.#options = options
    this.#records = new SessionRecords({
      ...shared,
      idleMs: () => settings().sessions.idleMs,
      nowMs,
      // It goes on where it was taken over.
      events: { ownerMismatch: events.ownerMismatch, lost: (session) => { registry().close(session, 'draining') }, thrown: events.thrown }
    })
  }

  /** May sessions of this caller and endpoint be opened anew? */
  allows (principal: Principal, route: SessionRoute): boolean {
    const { policy, settings } = this.#options
    const { servers } = settings()
    const names = route.kind === 'server' ? [route.server] : policy.servers(principal)
    return names.length > 0 && names.every((name) => isStateless(servers.get(name)))
  }

  /** A session was greeted, or something of it has changed that is written down. */
  keep (session: Session): void {
    // On HTTP+SSE the stream is the session: it ends with its replica's connection.
    if (session.face === 'http' && !session.closed && this.allows(session.principal, session.route)) this.#records.keep(session)
  }

  /** The events of a registry, whose sessions' ends are noted: one that ends because this replica does goes on elsewhere. */
  listening (events: SessionRegistryOptions['events']): SessionRegistryOptions['events'] {
    return {
      ...events,
      closed: (session, reason) => {
        const told = this.#records.ended(session, reason)
        if (told !== undefined) this.#endings.set(session, told)
        events.closed(session, reason)
      }
    }
  }

  /** Settles when other replicas cannot find it any more; undefined = they never could. */
  ending (session: Session): Promise<void> | undefined { return this.#endings.get(session) }

  /**
   * Looks for a session that is not open here; opens it if its replica has gone.
   * @throws RedisAway nobody can say whether there is one
   */
  async find (id: string, principal: Principal, route: SessionRoute): Promise<Reopened> {
    if (this.#options.registry().has(id)) return HERE
    if (!this.allows(principal, route)) return NOWHERE
    const key = JSON.stringify([id, principal.ownerKey, route])
    const taking = this.#taking.get(key) ?? this.#take(id, principal, route).finally(() => { this.#taking.delete(key) })
    this.#taking.set(key, taking)
    return await taking
  }

  async #take (id: string, principal: Principal, route: SessionRoute): Promise<Reopened> {
    const found = await this.#records.take(id, principal, route)
    if (found.kind === 'none') return NOWHERE
    if (found.kind === 'held') return { at: 'replica', instance: found.by }
    const { registry, shared } = this.#options
    const session = registry().resume({ principal, route, face: 'http' }, id, found.record)
    // The user has as many sessions as they may: left as it is found, it ends with its time.
    if (session === undefined) return NOWHERE
    session.initialized = true
    this.#records.keep(session)
    shared.onReopened(session)
    return HERE
  }

  close (): void { this.#records.close() }
}

function isStateless (server: ServerSettings | undefined): boolean {
  return server?.stateless === true
}
