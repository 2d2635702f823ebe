import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Clock } from '../../src/shared/clock.ts'

interface Window { count: number, startMs: number }

/** Addresses remembered at once; beyond it the one that began first is forgotten, so that a flood costs bounded memory. */
const MAX_ADDRESSES = 10_000

/**
 * A store for @fastify/rate-limit that counts in fixed windows of monotonic time. Its own store reads the wall clock: a
 * clock set back an hour would keep an address locked out for that hour (FR36). Up to twice the limit can pass around
 * the edge of two windows; that is fine for what it guards, guessing.
 */
export function windowStore (clock: Clock): FastifyRateLimitStoreCtor {
  return class WindowStore implements FastifyRateLimitStore {
    readonly #windows = new Map<string, Window>()

    incr (key: string, callback: (error: Error | null, result?: { current: number, ttl: number }) => void, timeWindow = 60_000): void {
      const nowMs = clock.nowMs()
      const window = this.#current(key, nowMs, timeWindow)
      window.count++
      callback(null, { current: window.count, ttl: window.startMs + timeWindow - nowMs })
    }

    #current (key: string, nowMs: number, timeWindow: number): Window {
      const known = this.#windows.get(key)
      if (known !== undefined && known.startMs + timeWindow > nowMs) return known
      this.#windows.delete(key)
      const oldest = this.#windows.size < MAX_ADDRESSES ? undefined : this.#windows.keys().next().value
      if (oldest !== undefined) this.#windows.delete(oldest)
      const window = { count: 0, startMs: nowMs }
      this.#windows.set(key, window)
      return window
    }

    /** One store for all: nothing here is limited per route. */
    child (): FastifyRateLimitStore {
      return this
    }
  }
}
