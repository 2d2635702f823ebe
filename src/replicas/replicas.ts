import type { Clock } from '../shared/clock.ts'
import { Claims } from './claims.ts'
import { Members } from './members.ts'
import { instanceOf, taggedId } from './session-tags.ts'
import type { AskPeer, OwnClaim, OwnerKey, Replica, ReplicaEvents, Replicas, ReplicaStore, SessionHome } from './types.ts'

/** What {@link createReplicas} needs. */
export interface ReplicasOptions {
  /** Its origin is told to `begin`. */
  readonly self: Omit<Replica, 'origin' | 'isDraining'>
  readonly store: ReplicaStore
  readonly clock: Clock
  readonly ask: AskPeer
  /** Does anything of this key live here: a session, a worker, a call? */
  readonly isInUse: (key: OwnerKey) => boolean
  readonly events: ReplicaEvents
  /** Milliseconds from one heartbeat to the next. Default 1000; for tests. */
  readonly beatMs?: number
}

/** How often a replica says that it lives. Listings end after `LISTED_MS` of src/redis/replicas. */
const BEAT_MS = 1000
/** Without a heartbeat for this long, the process stood still or was cut off: others may have taken what it owned. */
const LEASE_MS = 8000
/** Claims are kept this many at a time, all of them once in as many heartbeats. */
const RENEWALS = 10
/** A replica is asked whether it lives when it has missed this many heartbeats. */
const MISSED_BEATS = 3
/** A key that nobody used for this long, and of which nothing lives here, is given back. Longer than a call may last. */
const UNUSED_MS = 660_000
/** How often such keys are looked for, in heartbeats. */
const SWEEP_BEATS = 60
/** A look for replicas that were never heard of, because ids name them, at most this often: ids are the callers' to make up. */
const LOOK_MS = 100
/** How long a replica that refuses connections is waited for to say that it lives, in half heartbeats. */
const VERDICT_LOOKS = 6

/** One replica among others. While its store is away it goes on with what it knows, and announces itself when the store is back. */
export function createReplicas (options: ReplicasOptions): Replicas {
  const { clock, store, events, isInUse, beatMs = BEAT_MS } = options
  let self: Replica = { ...options.self, origin: '', isDraining: false }
  const members = new Members({ self: self.instance, nowMs: clock.nowMs, missedMs: MISSED_BEATS * beatMs, ask: options.ask, events })
  const claims = new Claims({ self: () => self, members, store, nowMs: clock.nowMs, ask: options.ask, events, beat, isDead })
  /** When the newest heartbeat that has ended was begun: an answer that lay in a socket while the process stood still is old. */
  let beganMs = clock.nowMs()
  let reachedMs = -Infinity
  let beating: Promise<void> | undefined
  let beats = 0
  let isFailing = false
  let isClosed = false
  let wallOffsetMs: number | undefined
  let looking: Promise<void> | undefined
  const verdicts = new Map<string, Promise<boolean>>()

  const isLeased = (): boolean => clock.nowMs() - beganMs < LEASE_MS

  /** One at a time; who asks meanwhile gets the one under way. */
  async function beat (): Promise<void> {
    beating ??= beatOnce().finally(() => { beating = undefined })
    await beating
  }

  async function beatOnce (): Promise<void> {
    const startMs = clock.nowMs()
    try {
      const { listed, wasListed, wallMs } = await store.beat(self)
      wallOffsetMs = wallMs - clock.nowMs()
      await claims.renew(!wasListed || startMs - reachedMs > LEASE_MS ? claims.all() : turnOf(claims.all()))
      reachedMs = startMs
      isFailing = false
      await members.update(listed)
    } catch (error) {
      if (!isFailing) events.beatFailed(error)
      isFailing = true
    }
    beganMs = startMs
    beats++
    if (beats % SWEEP_BEATS === 0) for (const key of claims.unusedFor(UNUSED_MS)) if (!isInUse(key)) claims.release(key)
  }

  /** A part of all: each is kept once in {@link RENEWALS} heartbeats. */
  function turnOf (all: readonly OwnClaim[]): OwnClaim[] {
    return all.filter(({ fence }, at) => fence === 0 || at % RENEWALS === beats % RENEWALS)
  }

  let timer: NodeJS.Timeout | undefined
  function beatLater (): void {
    if (isClosed) return
    timer = setTimeout(() => { beat().then(beatLater, beatLater) }, beatMs)
    timer.unref()
  }

  /** Whoever asks meanwhile gets the verdict under way. */
  async function isDead (replica: Replica): Promise<boolean> {
    const { instance } = replica
    const known = verdicts.get(instance)
    if (known !== undefined) return await known
    const verdict = verdictOn(replica).finally(() => { verdicts.delete(instance) })
    verdicts.set(instance, verdict)
    return await verdict
  }

  /** Resolves when it is clear: the store lists it no longer, or it has missed its heartbeat. */
  async function verdictOn (replica: Replica): Promise<boolean> {
    for (let look = 0; look < VERDICT_LOOKS; look++) {
      if (members.get(replica.instance) === undefined) return true
      // Without the store nobody can say more than the refused connection does.
      if (isFailing || members.ageMs(replica.instance) > 1.5 * beatMs) {
        if (await options.ask(replica, undefined) !== 'refused') return false
        members.declareDead(replica.instance)
        return true
      }
      await new Promise((resolve) => { setTimeout(resolve, beatMs / 2) })
      await beat()
    }
    return await members.look(replica.instance)
  }

  /** A list that is newer than the question: a replica is on it before it serves anybody. */
  async function newerList (): Promise<void> {
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
    looking = undefined
    await beating
    await beat()
  }

  async function lookForMaker (instance: string): Promise<SessionHome> {
    looking ??= newerList()
    await looking
    return members.homeAt(instance) ?? { at: isFailing ? 'unknown' : 'gone' }
  }

  return {
    get self () { return self },
    async begin (origin) {
      self = { ...self, origin }
      await beat()
      beatLater()
    },
    live: () => [self, ...members.all()],
    silent: () => members.silent(),
    named: (name) => name === self.name ? self : members.named(name),
    instance: (instance) => instance === self.instance ? self : members.get(instance),
    newSessionId: () => taggedId(self),
    homeOfSession (sessionId) {
      const instance = instanceOf(sessionId)
      if (instance === undefined) return GONE
      if (instance === self.instance) return HERE
      return members.homeAt(instance) ?? (members.hasDied(instance) ? GONE : lookForMaker(instance))
    },
    homeOf: (key) => claims.homeOf(key, isLeased()),
    forget: (key) => { claims.forget(key) },
    isDead,
    owns: (key) => claims.has(key),
    owned: () => claims.keys(),
    release: (key) => { claims.release(key) },
    sharedWallMs: () => wallOffsetMs === undefined ? clock.wallMs() : clock.nowMs() + wallOffsetMs,
    async drain () {
      self = { ...self, isDraining: true }
      await beating
      await beat()
    },
    async close () {
      isClosed = true
      clearTimeout(timer)
      await beating
      await claims.releaseAll()
      await store.leave(self).catch(() => {})
    }
  }
}

const HERE: SessionHome = Object.freeze({ at: 'here' })
const GONE: SessionHome = Object.freeze({ at: 'gone' })
