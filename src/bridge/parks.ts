import { randomId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { ModernClient } from './modern-client.ts'
import type { RequestStates } from './request-states.ts'
import { STATE_TTL_MS } from './request-states.ts'

/** Calls of one user that may wait for answers at once; the oldest gives way, because clients need not come back. */
const MAX_PER_USER = 16
/** The same over a tenant's users; nobody's gives way for another user's. */
const MAX_PER_TENANT = 256

interface Park { readonly id: string, readonly client: ModernClient, readonly timer: NodeJS.Timeout }

/**
 * Calls of modern clients whose session-era server has asked something: the call stays open here, the client was told what
 * is asked and comes back with another request (MCP 2026-07-28 multi round-trip requests). What is not fetched in time is
 * cancelled, and never run again silently.
 */
export class Parks {
  readonly states: RequestStates
  readonly #parks = new Map<string, Park>()
  #isOver = false

  constructor (states: RequestStates) {
    this.states = states
  }

  get size (): number { return this.#parks.size }

  /** Keeps a call until its client comes back; the text is what it has to bring. Undefined: the tenant has too many, or nobody can come back. */
  park (client: ModernClient, round: number): string | undefined {
    if (this.#isOver || !this.#makeRoom(client)) return undefined
    const id = randomId()
    const timer = setTimeout(() => {
      this.#parks.delete(id)
      client.expire()
    }, STATE_TTL_MS)
    timer.unref()
    this.#parks.set(id, { id, client, timer })
    return this.states.seal(client.subject, { kind: 'parked', park: id, round })
  }

  #makeRoom (client: ModernClient): boolean {
    const { tenant, userKey } = client.principal
    let ofTenant = 0
    const ofUser: Park[] = []
    for (const park of this.#parks.values()) {
      const { principal } = park.client
      if (principal.tenant === tenant) ofTenant++
      if (principal.userKey === userKey) ofUser.push(park)
    }
    const [oldest] = ofUser
    if (oldest !== undefined && (ofUser.length >= MAX_PER_USER || ofTenant >= MAX_PER_TENANT)) this.#evict(oldest)
    else if (ofTenant >= MAX_PER_TENANT) return false
    return true
  }

  /** Takes the call out, once. The state it came with was checked already. */
  claim (id: string, round: number): ModernClient | undefined {
    const park = this.#parks.get(id)
    if (park === undefined || park.client.round !== round) return undefined
    this.#parks.delete(id)
    clearTimeout(park.timer)
    return park.client
  }

  #evict (park: Park): void {
    this.#parks.delete(park.id)
    clearTimeout(park.timer)
    park.client.expire()
  }

  /** Does a call of one of these callers wait here? */
  some (match: (principal: Principal) => boolean): boolean {
    for (const { client } of this.#parks.values()) if (match(client.principal)) return true
    return false
  }

  /** These callers cannot come back here any more. */
  endOf (match: (principal: Principal) => boolean): void {
    for (const park of [...this.#parks.values()]) if (match(park.client.principal)) this.#evict(park)
  }

  /** Nobody can come back any more: the gateway is shutting down. What is asked from now on is not answered. */
  endAll (): void {
    this.#isOver = true
    for (const park of [...this.#parks.values()]) this.#evict(park)
  }
}
