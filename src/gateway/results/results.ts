import type { Relay, RelayedCall } from '../../bridge/index.ts'
import { BoundedMap, type Cache, type Kept, type Reading, type Slot } from '../../cache/index.ts'
import { type JsonObject, type Reply } from '../../protocol/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Connection } from '../../upstream/index.ts'
import { isPublic, ttlOf } from '../lists/ttl.ts'
import { freshnessOf, leftOf, lifeOf } from '../reuse/freshness.ts'
import { isRepeatable, withoutBytes, type KeptResult } from './kept-result.ts'
import type { ResultPlan } from './result-plan.ts'

/** How the first of several equal uses ended: with a result for all of them, with one for itself alone, or not at all. */
export type Led = { readonly kept: Reply } | 'own' | 'cancelled'

/** The first of several equal uses, on its way. */
export interface Lead {
  /** Was the server asked for anything meanwhile? Then the answer is not for others. */
  readonly asks: number
  readonly reading: Reading
  settle (led: Led): void
}

/** A server that has given no time is taken at its word for so long: its reads are not held up for one another. */
const SILENT_MS = 60_000
const SILENT_BOUNDS = { maxEntries: 10_000, maxChars: 10_000, maxEntryChars: 1 }

/**
 * Results that may be given again: of tools that the operator marked, and contents of resources whose server gave them a time,
 * or the operator. A use of one of them that is under way is waited for by equal ones (FR17), whose answer does not depend on
 * the first one's fate: when it is cancelled, the next one leads (T24).
 */
export class Results {
  readonly #cache: Cache
  readonly #nowMs: () => number
  readonly #led = new Map<string, { readonly since: number, readonly atMs: number, readonly led: Promise<Led> }>()
  /** Places whose server gave its resources no time, and until when that is believed. */
  readonly #silent = new BoundedMap<number>(SILENT_BOUNDS)

  /** @param nowMs monotonic */
  constructor (cache: Cache, nowMs: () => number) {
    this.#cache = cache
    this.#nowMs = nowMs
  }

  /** May contents of resources be reused, as far as is known? Only modern servers can say so themselves. */
  mayRead ({ cache }: ServerSettings, { place: { key } }: Relay, { era }: Connection): boolean {
    if ((cache?.readTtlMs ?? 0) > 0) return true
    return era === 'modern' && this.#nowMs() >= (this.#silent.get(key) ?? -Infinity)
  }

  /** What can be answered with at once. */
  find ({ slots, isMarked }: ResultPlan, relay: Relay, server: ServerSettings): Reply | undefined {
    for (const slot of slots ?? []) {
      const kept = slot === undefined ? undefined : this.#cache.last(slot)
      if (kept !== undefined && this.#isGood(kept, isMarked, relay, server)) return this.#replyWith(kept)
    }
    return undefined
  }

  /** The same from the other replicas; undefined = they need not be asked. Never rejects. */
  findShared ({ slots, isMarked }: ResultPlan, relay: Relay, server: ServerSettings): Promise<{ readonly reply: Reply | undefined, readonly reading: Reading }> | undefined {
    return slots && this.#cache.fromReplicas(slots[0])?.then(({ kept, reading }) => ({
      reply: kept !== undefined && this.#isGood(kept, isMarked, relay, server) ? this.#replyWith(kept) : undefined,
      reading
    }))
  }

  /** The server's word, and the operator's, outlive a worker; a time of the operator's for reads does not. */
  #isGood (kept: Kept<KeptResult>, isMarked: boolean, relay: Relay, server: ServerSettings): boolean {
    return freshnessOf(kept, isMarked || kept.value.isVouched ? undefined : relay, server, this.#nowMs()) === 'fresh'
  }

  #replyWith (kept: Kept<KeptResult>): Reply {
    const { result } = kept.value
    const ttlMs = leftOf(kept, this.#nowMs())
    return { result: ttlMs === undefined ? result : { ...result, ttlMs } }
  }

  /** How the equal use that is under way ends; undefined = there is none. One that began before the caller's last use of a tool is not waited for. */
  underway (slot: Slot<KeptResult>, isMarked: boolean, { usedAtMs }: Relay): Promise<Led> | undefined {
    const first = this.#led.get(keyOf(slot))
    if (first === undefined || !this.#cache.stands(slot.topic, first.since)) return undefined
    return isMarked || first.atMs > usedAtMs ? first.led : undefined
  }

  /** This use is the first of its kind. It must be settled, whatever becomes of it. */
  lead (slot: Slot<KeptResult>, reading: Reading | undefined, { asks }: Relay): Lead {
    const key = keyOf(slot)
    const { promise, resolve } = Promise.withResolvers<Led>()
    const began = { ...(reading ?? this.#cache.begin()), atMs: this.#nowMs() }
    const own = { since: began.since, atMs: began.atMs, led: promise }
    this.#led.set(key, own)
    return {
      asks,
      reading: began,
      settle: (led) => {
        if (this.#led.get(key) === own) this.#led.delete(key)
        resolve(led)
      }
    }
  }

  /**
   * The first use was answered: keeps that for others, if it may be, and lets go on who waits for it.
   * @returns the reply as its own caller may have it: bytes that were read have become values
   */
  landed (lead: Lead, plan: ResultPlan & { readonly slots: NonNullable<ResultPlan['slots']> }, relay: Relay, connection: Connection, call: RelayedCall, reply: Reply): Reply {
    if (call.cancelled !== undefined) {
      lead.settle('cancelled')
      return reply
    }
    const ttlMs = isRepeatable(call, reply) && relay.asks === lead.asks ? this.#ttlOf(plan, relay, connection, reply.result as JsonObject) : undefined
    if (ttlMs === undefined) {
      lead.settle('own')
      return reply
    }
    const kept = { result: withoutBytes(reply.result as JsonObject), ttlMs: ttlMs.given, isVouched: plan.isMarked || ttlMs.given !== undefined }
    const [own, open] = plan.slots
    const chars = JSON.stringify(kept.result).length
    this.#cache.keep(own, lead.reading, kept, chars, ttlMs.lifeMs)
    // On this replica alone: the generation that was asked for is the caller's own.
    if (open !== undefined && ttlMs.given !== undefined && isPublic(connection, kept.result)) this.#cache.keep(open, { ...lead.reading, generation: undefined }, kept, chars, ttlMs.lifeMs)
    lead.settle({ kept: { result: kept.result } })
    return { result: kept.result }
  }

  /** Undefined = nobody wants it kept. */
  #ttlOf ({ ownTtlMs, isMarked }: ResultPlan, { place }: Relay, connection: Connection, result: JsonObject): { readonly given: number | undefined, readonly lifeMs: number } | undefined {
    const given = isMarked ? undefined : ttlOf(connection, result)
    if (given === undefined && ownTtlMs === 0) {
      this.#silent.set(place.key, this.#nowMs() + SILENT_MS, 1)
      return undefined
    }
    const lifeMs = lifeOf({ ttlMs: given, isVouched: false }, ownTtlMs)
    return lifeMs > 0 ? { given, lifeMs } : undefined
  }
}

function keyOf ({ topic: { group, kind }, id }: Slot<KeptResult>): string {
  return `${group} ${kind} ${id}`
}
