import type { AskPeer, Claimed, ClaimRequest, Home, OwnClaim, OwnerKey, Replica, ReplicaEvents, ReplicaStore } from './types.ts'
import type { Members } from './members.ts'
import { rendezvous } from './rendezvous.ts'

/** Owners elsewhere that are remembered; an entry is two short texts. */
const MAX_REMEMBERED = 50_000

/** What {@link Claims} needs. */
export interface ClaimsOptions {
  readonly self: () => Replica
  readonly members: Members
  readonly store: ReplicaStore
  readonly nowMs: () => number
  readonly ask: AskPeer
  readonly events: Pick<ReplicaEvents, 'claimed' | 'fenced'>
  /** Says that this replica lives and fetches the list; resolves when it has come, however it went. */
  readonly beat: () => Promise<void>
  /** Waits until it is clear whether a replica that refuses connections is dead. */
  readonly isDead: (replica: Replica) => Promise<boolean>
}

interface Own { fence: number, usedMs: number }

const HERE: Home = Object.freeze({ at: 'here' })
const UNKNOWN: Home = Object.freeze({ at: 'unknown' })

/**
 * Who owns which key. The store's claims decide; what was learnt is remembered, so that only the first request of a caller on
 * each replica asks. Claims are not signed: whoever can write to the store could make up who owns a key, but only among
 * replicas whose signed listings are alive, and each of those refuses what is not its own; that costs answers, and shows
 * nobody anything (T57).
 *
 * Two replicas must not own one key. A claim is taken away only from an instance that is dead, see {@link Members}. Where the
 * store holds none, that means nobody owns the key only if the store has lost nothing: each tenant's claims stand beside a
 * marker of the tenant that is kept with them, and what loses one loses the other. Without the marker all replicas are asked
 * before the claim is granted, so that a flushed store costs no live owner its key (FR23).
 */
export class Claims {
  readonly #options: ClaimsOptions
  readonly #own = new Map<OwnerKey, Own>()
  readonly #others = new Map<OwnerKey, string>()
  readonly #asked = new Map<OwnerKey, Promise<Home>>()
  /** Being given back: looked for again only when that is done, or it would be found here. */
  readonly #leaving = new Map<OwnerKey, Promise<void>>()

  constructor (options: ClaimsOptions) {
    this.#options = options
  }

  has (key: OwnerKey): boolean { return this.#own.has(key) }

  keys (): OwnerKey[] { return [...this.#own.keys()] }

  all (): OwnClaim[] {
    return [...this.#own].map(([key, { fence }]) => ({ key, fence }))
  }

  /** Keys that no request has named for this long. */
  unusedFor (idleMs: number): OwnerKey[] {
    const before = this.#options.nowMs() - idleMs
    return [...this.#own].filter(([, { usedMs }]) => usedMs < before).map(([key]) => key)
  }

  /** @param isLeased false: this replica may have lost what it owned, and has to ask */
  homeOf (key: OwnerKey, isLeased: boolean): Home | Promise<Home> {
    const own = this.#own.get(key)
    if (own !== undefined && isLeased) {
      own.usedMs = this.#options.nowMs()
      return HERE
    }
    const other = own === undefined ? this.#others.get(key) : undefined
    const home = other === undefined ? undefined : this.#options.members.homeAt(other)
    return home ?? this.#find(key)
  }

  /** Whoever was remembered as its owner elsewhere is not. */
  forget (key: OwnerKey): void { this.#others.delete(key) }

  /** Gives a key back; nothing if it is another's. */
  release (key: OwnerKey): void {
    const own = this.#own.get(key)
    if (own === undefined) return
    this.#own.delete(key)
    const { store, self } = this.#options
    this.#leaving.set(key, store.release(self().instance, [{ key, fence: own.fence }]).finally(() => { this.#leaving.delete(key) }))
  }

  /** Gives all of them back. */
  async releaseAll (): Promise<void> {
    const { store, self } = this.#options
    await store.release(self().instance, this.all())
    this.#own.clear()
  }

  /** Keeps these claims in the store; those that others have are over here (fencing). */
  async renew (claims: readonly OwnClaim[]): Promise<void> {
    if (claims.length === 0) return
    const { store, self, events } = this.#options
    const fences = await store.renew(self().instance, claims)
    for (const [at, { key, fence }] of claims.entries()) {
      const own = this.#own.get(key)
      // Meanwhile released, or claimed anew.
      if (own?.fence !== fence) continue
      const now = fences[at]
      if (now !== undefined) {
        own.fence = now
        continue
      }
      this.#own.delete(key)
      events.fenced(key)
    }
  }

  /** Each key is looked for once at a time. */
  async #find (key: OwnerKey): Promise<Home> {
    const asked = this.#asked.get(key)
    if (asked !== undefined) return await asked
    const asking = this.#findAnew(key)
    this.#asked.set(key, asking)
    try {
      return await asking
    } finally {
      this.#asked.delete(key)
    }
  }

  async #findAnew (key: OwnerKey): Promise<Home> {
    await this.#leaving.get(key)
    if (this.#own.has(key)) {
      await this.#options.beat()
      if (this.#own.has(key)) return HERE
    }
    try {
      return await this.#inStore(key)
    } catch {
      // What the store failed with is counted where it is spoken to.
      return await this.#withoutStore(key)
    }
  }

  /** One that drains sends everybody new to the others, as long as there are any. */
  get #takesNew (): boolean {
    const { self, members } = this.#options
    return !self().isDraining || members.all().every(({ isDraining }) => isDraining)
  }

  async #inStore (key: OwnerKey): Promise<Home> {
    const { self, store, members } = this.#options
    const request: ClaimRequest = { key, by: self().instance, live: [self().instance, ...members.all().map(({ instance }) => instance)], isWanted: this.#takesNew }
    const claimed = await store.claim(request)
    if (claimed.kind === 'orphaned') return await this.#afterOrphaned(request, claimed.by)
    if (claimed.kind === 'unsure') return await this.#afterUnsure(request)
    return this.#settled(key, claimed, 'new')
  }

  /** Held by somebody who is not among the live: has just come, or is dead. */
  async #afterOrphaned (request: ClaimRequest, by: string): Promise<Home> {
    const { members, beat, store } = this.#options
    if (!members.hasDied(by)) await beat()
    const home = members.homeAt(by)
    if (home !== undefined) return this.#at(request.key, by, home)
    if (!this.#takesNew) return this.#elsewhere(request.key)
    return this.#settled(request.key, await store.claim({ ...request, instead: by }), 'stolen')
  }

  /** The store may have lost whose it is: their owner remembers. */
  async #afterUnsure (request: ClaimRequest): Promise<Home> {
    const { members, store } = this.#options
    const others = members.all()
    const answers = await this.#askAll(others, request.key)
    if (answers === undefined) return UNKNOWN
    const owner = others.find((_, at) => answers[at]?.owns === true)
    if (owner !== undefined) return this.#at(request.key, owner.instance)
    if (!this.#takesNew) return this.#elsewhere(request.key)
    return this.#settled(request.key, await store.claim({ ...request, instead: '' }), 'new')
  }

  #settled (key: OwnerKey, claimed: Claimed, how: 'new' | 'stolen'): Home {
    switch (claimed.kind) {
      case 'mine':
        this.#take(key, claimed.fence, how)
        return HERE
      case 'held': return this.#at(key, claimed.by)
      case 'free': return this.#elsewhere(key)
      // Somebody else was faster, and their word is newer than what this one knew.
      case 'orphaned':
      case 'unsure': return UNKNOWN
    }
  }

  #take (key: OwnerKey, fence: number, how: 'new' | 'stolen' | 'provisional'): void {
    this.#others.delete(key)
    const known = this.#own.get(key)
    if (known !== undefined) {
      known.fence = fence
      return
    }
    this.#own.set(key, { fence, usedMs: this.#options.nowMs() })
    this.#options.events.claimed(how)
  }

  #at (key: OwnerKey, instance: string, home = this.#options.members.homeAt(instance)): Home {
    if (home === undefined) return UNKNOWN
    if (this.#others.size >= MAX_REMEMBERED) this.#others.clear()
    this.#others.set(key, instance)
    return home
  }

  /** This one takes nobody new: one of the others does, and claims the key when the request comes. */
  #elsewhere (key: OwnerKey): Home {
    const chosen = rendezvous(key, this.#options.members.all().filter(({ isDraining }) => !isDraining))
    return chosen === undefined ? UNKNOWN : this.#options.members.homeAt(chosen.instance) ?? UNKNOWN
  }

  /**
   * The store is away. Whoever owns the key says so; a new one goes to whom all would choose, and into the store later. If any
   * replica does not answer, or still reaches the store, it is not decided here.
   */
  async #withoutStore (key: OwnerKey): Promise<Home> {
    const { members, self } = this.#options
    const others = members.all()
    const answers = await this.#askAll(others, key)
    if (answers === undefined) return UNKNOWN
    const owner = others.find((_, at) => answers[at]?.owns === true) ?? others.find((_, at) => answers[at]?.reachesStore === true)
    if (owner !== undefined) return members.homeAt(owner.instance) ?? UNKNOWN
    const chosen = rendezvous(key, this.#takesNew ? [self(), ...others.filter(({ isDraining }) => !isDraining)] : others.filter(({ isDraining }) => !isDraining))
    if (chosen === undefined) return UNKNOWN
    if (chosen.instance !== self().instance) return members.homeAt(chosen.instance) ?? UNKNOWN
    this.#take(key, 0, 'provisional')
    return HERE
  }

  /** Undefined: somebody may own the key and does not answer. */
  async #askAll (others: readonly Replica[], key: OwnerKey): Promise<ReadonlyArray<{ readonly owns: boolean, readonly reachesStore: boolean }> | undefined> {
    const { ask, isDead } = this.#options
    const answers = await Promise.all(others.map(async (other) => {
      const answer = await ask(other, key)
      if (typeof answer !== 'string') return answer
      return answer === 'refused' && await isDead(other) ? { owns: false, reachesStore: false } : undefined
    }))
    return answers.every((answer) => answer !== undefined) ? answers : undefined
  }
}
