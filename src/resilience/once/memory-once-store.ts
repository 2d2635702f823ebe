import { ONCE_KEPT_MS, type OnceClaim, type OnceId, type OnceStore } from './types.ts'

/** Named calls of one user: as many as the default limit lets through in the time for which they are kept. */
const MAX_PER_USER = 1000
/** Characters of all outcomes together. What would go beyond is remembered without its outcome. */
const MAX_CHARS = 64 * 2 ** 20
/** Characters of one outcome. */
const MAX_OUTCOME_CHARS = 2 ** 20
/** Old ones looked at per claim: two would do to forget as fast as new ones come. */
const LOOKS = 4

interface Entry {
  readonly userKey: string
  readonly digest: string
  readonly ticket: string
  readonly running: PromiseWithResolvers<void>
  isDone: boolean
  outcome: string | undefined
  endMs: number
}

/** The store of one process. A claimer always settles or releases, so leases do not matter here. @param nowMs monotonic */
export function createMemoryOnceStore (nowMs: () => number): OnceStore {
  return new MemoryOnceStore(nowMs)
}

class MemoryOnceStore implements OnceStore {
  readonly #nowMs: () => number
  readonly #running = new Map<string, Entry>()
  /** In the order in which they end. */
  readonly #done = new Map<string, Entry>()
  readonly #perUser = new Map<string, number>()
  #chars = 0
  #tickets = 0

  constructor (nowMs: () => number) {
    this.#nowMs = nowMs
  }

  claim ({ userKey, hash }: OnceId, digest: string): OnceClaim {
    const nowMs = this.#nowMs()
    this.#forgetSome(nowMs)
    const known = this.#running.get(hash) ?? this.#done.get(hash)
    if (known !== undefined && nowMs < known.endMs) return claimOf(known, digest)
    if (known !== undefined) this.#forget(this.#done, hash, known)
    const count = this.#perUser.get(userKey) ?? 0
    if (count >= MAX_PER_USER) return { kind: 'refused' }
    const ticket = String(++this.#tickets)
    this.#perUser.set(userKey, count + 1)
    this.#running.set(hash, { userKey, digest, ticket, running: Promise.withResolvers(), isDone: false, outcome: undefined, endMs: Infinity })
    return { kind: 'first', ticket }
  }

  settle ({ hash }: OnceId, ticket: string, outcome: string): void {
    const entry = this.#running.get(hash)
    if (entry === undefined || entry.ticket !== ticket) return
    const hasRoom = outcome.length <= MAX_OUTCOME_CHARS && this.#chars + outcome.length <= MAX_CHARS
    entry.isDone = true
    entry.outcome = hasRoom ? outcome : undefined
    entry.endMs = this.#nowMs() + ONCE_KEPT_MS
    this.#chars += entry.outcome?.length ?? 0
    this.#running.delete(hash)
    this.#done.set(hash, entry)
    entry.running.resolve()
  }

  release ({ hash }: OnceId, ticket: string): void {
    const entry = this.#running.get(hash)
    if (entry === undefined || entry.ticket !== ticket) return
    this.#forget(this.#running, hash, entry)
    entry.running.resolve()
  }

  #forgetSome (nowMs: number): void {
    let looks = 0
    for (const [hash, entry] of this.#done) {
      if (++looks > LOOKS || nowMs < entry.endMs) return
      this.#forget(this.#done, hash, entry)
    }
  }

  #forget (entries: Map<string, Entry>, hash: string, { userKey, outcome }: Entry): void {
    entries.delete(hash)
    this.#chars -= outcome?.length ?? 0
    const left = (this.#perUser.get(userKey) ?? 1) - 1
    if (left > 0) this.#perUser.set(userKey, left)
    else this.#perUser.delete(userKey)
  }
}

function claimOf (entry: Entry, digest: string): OnceClaim {
  if (entry.digest !== digest) return { kind: 'conflict' }
  return entry.isDone ? { kind: 'done', outcome: entry.outcome } : { kind: 'running', ended: entry.running.promise }
}
