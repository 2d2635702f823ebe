import type { ListeningClient } from '../bridge/index.ts'
import type { Principal } from '../shared/principal.ts'

/** Open listens one user may have: each is a connection that stays (T55). */
const MAX_PER_USER = 100

/** Open subscriptions/listen requests of all users. */
export class Listens {
  readonly #byUser = new Map<string, Set<ListeningClient>>()

  /** False: the user has too many. */
  add (listener: ListeningClient): boolean {
    const { userKey } = listener.principal
    const mine = this.#byUser.get(userKey) ?? new Set()
    if (mine.size >= MAX_PER_USER) return false
    this.#byUser.set(userKey, mine.add(listener))
    return true
  }

  delete (listener: ListeningClient): void {
    const { userKey } = listener.principal
    const mine = this.#byUser.get(userKey)
    mine?.delete(listener)
    if (mine?.size === 0) this.#byUser.delete(userKey)
  }

  /** The user's own. */
  of (principal: Principal): Iterable<ListeningClient> { return this.#byUser.get(principal.userKey) ?? [] }

  /** Ends all of them in good order. */
  endAll (): void {
    for (const mine of [...this.#byUser.values()]) for (const listener of [...mine]) listener.end()
  }
}
