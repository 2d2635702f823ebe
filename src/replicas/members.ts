import type { AskPeer, Home, Listed, Replica, ReplicaEvents } from './types.ts'

/** One that tells nobody that it lives, and does not answer, is taken for dead after this long. */
const LOST_MS = 20_000
/** Ended ones that are remembered, so that ids of theirs need no look into the store. */
const MAX_DEAD = 256

/** Another replica, and what is known of its life. */
interface Member {
  replica: Replica
  home: Home
  /** When it last said that it lives, on this process's clock. */
  lastBeatMs: number
  /** Does the store list it? Where the store is away: did it, last? */
  isListed: boolean
  /** It does not answer: whoever belongs there is told to come back. */
  isSilent: boolean
}

/** What {@link Members} needs. */
export interface MembersOptions {
  readonly self: string
  readonly nowMs: () => number
  /** Who has said nothing for this long is asked whether it answers: a process that stands still is listed for a while yet. */
  readonly missedMs: number
  readonly ask: AskPeer
  readonly events: Pick<ReplicaEvents, 'joined' | 'left'>
}

/**
 * The other replicas. The store's list says who lives; who has fallen off it is asked directly, because a replica that has lost
 * the store goes on serving its sessions, and taking it for dead would end them (FR24). Dead is only whoever has said farewell,
 * refuses connections, or answers nobody for {@link LOST_MS}.
 */
export class Members {
  readonly #options: MembersOptions
  readonly #members = new Map<string, Member>()
  readonly #dead = new Set<string>()

  constructor (options: MembersOptions) {
    this.#options = options
  }

  /** Who is not dead. */
  all (): Replica[] {
    return [...this.#members.values()].map(({ replica }) => replica)
  }

  /** Those among them that do not answer right now. */
  silent (): Replica[] {
    return [...this.#members.values()].filter(({ isSilent }) => isSilent).map(({ replica }) => replica)
  }

  get (instance: string): Replica | undefined {
    return this.#members.get(instance)?.replica
  }

  named (name: string): Replica | undefined {
    return this.all().findLast((replica) => replica.name === name)
  }

  /** Where requests for this one go; undefined = it is dead or was never heard of. */
  homeAt (instance: string): Home | undefined {
    return this.#members.get(instance)?.home
  }

  hasDied (instance: string): boolean { return this.#dead.has(instance) }

  /** Milliseconds since it last said that it lives, as of the newest list. */
  ageMs (instance: string): number {
    const member = this.#members.get(instance)
    return member === undefined ? Infinity : this.#options.nowMs() - member.lastBeatMs
  }

  /** A list of the store has come. Resolves when those that are missed have been asked. */
  async update (listed: readonly Listed[]): Promise<void> {
    const { self, nowMs, missedMs } = this.#options
    const now = nowMs()
    const isNamed = new Set<string>()
    for (const { replica, ageMs, hasLeft } of listed) {
      if (replica.instance === self) continue
      isNamed.add(replica.instance)
      if (hasLeft) this.#left(replica)
      else this.#note(replica, now - ageMs)
    }
    const missed: Member[] = []
    for (const member of this.#members.values()) {
      if (!isNamed.has(member.replica.instance)) member.isListed = false
      if (!member.isListed || now - member.lastBeatMs > missedMs) missed.push(member)
    }
    await Promise.all(missed.map(async ({ replica }) => { await this.look(replica.instance) }))
  }

  #note (replica: Replica, lastBeatMs: number): void {
    const known = this.#members.get(replica.instance)
    if (known === undefined) {
      this.#members.set(replica.instance, { replica, home: { at: 'replica', replica }, lastBeatMs, isListed: true, isSilent: false })
      this.#dead.delete(replica.instance)
      this.#options.events.joined(replica)
      return
    }
    // What it said before it fell silent proves nothing.
    if (lastBeatMs > known.lastBeatMs) this.#setSilent(known, false)
    known.lastBeatMs = Math.max(known.lastBeatMs, lastBeatMs)
    known.isListed = true
    if (known.replica.isDraining !== replica.isDraining) {
      known.replica = replica
      this.#setSilent(known, known.isSilent)
    }
  }

  /** Where its address has gone with it, nobody is there to refuse a connection. */
  #left ({ instance }: Replica): void {
    const member = this.#members.get(instance)
    if (member === undefined) this.#remember(instance)
    else this.#bury(member, 'farewell')
  }

  /** Asks it whether it lives. True: it is dead, and forgotten. */
  async look (instance: string): Promise<boolean> {
    const member = this.#members.get(instance)
    if (member === undefined) return true
    const answer = await this.#options.ask(member.replica, undefined)
    const isMissed = !member.isListed || this.ageMs(instance) > this.#options.missedMs
    if (answer === 'refused' && isMissed) return this.#bury(member, 'refused')
    if (answer === 'silent' && !member.isListed && this.ageMs(instance) > LOST_MS) return this.#bury(member, 'silent')
    this.#setSilent(member, typeof answer === 'string')
    return false
  }

  /** It refuses connections, and has stopped to say that it lives. */
  declareDead (instance: string): void {
    const member = this.#members.get(instance)
    if (member !== undefined) this.#bury(member, 'refused')
  }

  #setSilent (member: Member, isSilent: boolean): void {
    member.isSilent = isSilent
    member.home = isSilent ? UNKNOWN : { at: 'replica', replica: member.replica }
  }

  #bury (member: Member, why: 'farewell' | 'refused' | 'silent'): true {
    const { instance } = member.replica
    if (this.#members.get(instance) !== member) return true
    this.#members.delete(instance)
    this.#remember(instance)
    this.#options.events.left(member.replica, why)
    return true
  }

  #remember (instance: string): void {
    this.#dead.add(instance)
    const [oldest] = this.#dead
    if (this.#dead.size > MAX_DEAD && oldest !== undefined) this.#dead.delete(oldest)
  }
}

const UNKNOWN: Home = Object.freeze({ at: 'unknown' })
