import type { ListeningClient } from '../bridge/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'

/** Open listens one user may have: each is a connection that stays (T55). */
const MAX_PER_USER = 100

/** Open subscriptions/listen requests of all users. */
export class Listens {
  /** Each with what lets go of everything that it holds. */
  readonly #byUser = new Map<string, Map<ListeningClient, () => void>>()
  #size = 0

  /** How many are open. */
  get size (): number { return this.#size }

  /**
   * False: the user has too many.
   * @param leave lets go of what the listen holds, and takes it off again; called when all are ended
   */
  add (listener: ListeningClient, leave: () => void): boolean {
    const { userKey } = listener.principal
    const mine = this.#byUser.get(userKey) ?? new Map<ListeningClient, () => void>()
    if (mine.size >= MAX_PER_USER) return false
    this.#byUser.set(userKey, mine.set(listener, leave))
    this.#size++
    return true
  }

  delete (listener: ListeningClient): void {
    const { userKey } = listener.principal
    const mine = this.#byUser.get(userKey)
    if (mine?.delete(listener) !== true) return
    this.#size--
    if (mine.size === 0) this.#byUser.delete(userKey)
  }

  /** The user's own. */
  of (principal: Principal): Iterable<ListeningClient> { return this.#byUser.get(principal.userKey)?.keys() ?? [] }

  /** Does one of these callers listen? */
  some (match: (principal: Principal) => boolean): boolean {
    for (const mine of this.#byUser.values()) for (const { principal } of mine.keys()) if (match(principal)) return true
    return false
  }

  /** Ends all of them in good order, or those of some principals. */
  endAll (match: (principal: Principal, route: SessionRoute) => boolean = () => true): void {
    for (const mine of [...this.#byUser.values()]) {
      for (const [listener, leave] of [...mine]) {
        if (!match(listener.principal, listener.route)) continue
        listener.end()
        leave()
      }
    }
  }
}
