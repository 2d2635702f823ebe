import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Clock } from '../../src/shared/clock.ts'
import type { AddressCounts } from '../../src/redis/index.ts'

interface Window {
  count: number
  readonly startMs: number
  /** All replicas together have counted too many until then. */
  fullUntilMs: number
}

type Callback = (error: Error | null, result?: { current: number, ttl: number }) => void

/** Addresses remembered at once; beyond it the one that began first is forgotten, so that a flood costs bounded memory. */
const MAX_ADDRESSES = 10_000

/**
 * A store for @fastify/rate-limit that counts in fixed windows of monotonic time. Its own store reads the wall clock: a
 * clock set back an hour would keep an address locked out for that hour (FR36). Up to twice the limit can pass around
 * the edge of two windows; that is fine for what it guards, guessing.
 * @param shared counts of all replicas. This process counts besides: what it knows to be too much costs them nothing, and while
 * they are away it goes on alone
 */
export function windowStore (clock: Clock, shared?: AddressCounts): FastifyRateLimitStoreCtor {
  return class WindowStore implements FastifyRateLimitStore {
    readonly #windows = new Map<string, Window>()

    incr (key: string, callback: Callback, timeWindow = 60_000, max = Infinity): void {
      const nowMs = clock.nowMs()
      const window = this.#current(key, nowMs, timeWindow)
      window.count++
      const own = { current: window.count, ttl: window.startMs + timeWindow - nowMs }
      if (window.fullUntilMs > nowMs) return callback(null, { current: max + 1, ttl: window.fullUntilMs - nowMs })
      if (shared === undefined || window.count > max) return callback(null, own)
      shared.count(key, timeWindow).then(({ count, leftMs }) => {
        if (count > max) window.fullUntilMs = clock.nowMs() + leftMs
        return { current: count, ttl: leftMs }
      }, () => own).then((result) => { callback(null, result) }, callback)
    }

    #current (key: string, nowMs: number, timeWindow: number): Window {
      const known = this.#windows.get(key)
      if (known !== undefined && (known.startMs + timeWindow > nowMs || known.fullUntilMs > nowMs)) return known
      this.#windows.delete(key)
      const oldest = this.#windows.size < MAX_ADDRESSES ? undefined : this.#windows.keys().next().value
      if (oldest !== undefined) this.#windows.delete(oldest)
      const window = { count: 0, startMs: nowMs, fullUntilMs: 0 }
      this.#windows.set(key, window)
      return window
    }

    /** One store for all: nothing here is limited per route. */
    child (): FastifyRateLimitStore {
      return this
    }
  }
}
