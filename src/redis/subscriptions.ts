import { Redis } from 'ioredis'
import type { RedisSettings } from '../shared/settings/redis.ts'
import { backOffMs, serverOptions } from './client-options.ts'

/** How often the connection is asked whether it lives, in milliseconds: one that is dead without a word is replaced (T07: revocations). */
const PING_EVERY_MS = 1000

interface Listener {
  readonly onText: (text: string) => void
  readonly onGap: () => void
}

/**
 * The channels that this process listens to, over a connection of their own that is made when the first one is wanted, and made
 * anew, with all channels, for as long as any is. In a cluster every node passes on what is published anywhere.
 */
export class Subscriptions {
  readonly #settings: RedisSettings
  /** @param thrown what a listener threw: it must not keep others from hearing */
  readonly #onThrown: (thrown: unknown) => void
  readonly #listeners = new Map<string, Set<Listener>>()
  #redis: Redis | undefined
  #attempts = 0
  #later: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (settings: RedisSettings, onThrown: (thrown: unknown) => void) {
    this.#settings = settings
    this.#onThrown = onThrown
  }

  subscribe (channel: string, onText: (text: string) => void, onGap: () => void): () => void {
    const listener = { onText, onGap }
    const known = this.#listeners.get(channel)
    if (known === undefined) this.#listeners.set(channel, new Set([listener]))
    else known.add(listener)
    if (this.#redis === undefined && this.#later === undefined) this.#connect()
    else if (this.#redis?.status === 'ready') this.#listen(this.#redis, [channel], [listener])
    return () => { this.#unsubscribe(channel, listener) }
  }

  close (): void {
    this.#isClosed = true
    clearTimeout(this.#later)
    this.#redis?.disconnect()
  }

  #unsubscribe (channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel)
    listeners?.delete(listener)
    if (listeners?.size !== 0) return
    this.#listeners.delete(channel)
    if (this.#redis?.status === 'ready') this.#redis.unsubscribe(channel).catch(() => {})
  }

  #connect (): void {
    this.#later = undefined
    const redis = new Redis(serverOptions(anyNode(this.#settings), { retries: false }))
    this.#redis = redis
    let pings: NodeJS.Timeout | undefined
    // The store's own connection says why; this one has the same reasons.
    redis.on('error', () => {})
    redis.on('message', (channel: string, text: string) => { this.#hear(channel, text) })
    redis.on('ready', () => {
      pings = setInterval(() => { redis.ping().catch(() => { redis.disconnect() }) }, PING_EVERY_MS).unref()
      this.#listen(redis, [...this.#listeners.keys()], [...this.#listeners.values()].flatMap((set) => [...set]))
    })
    redis.on('end', () => {
      clearInterval(pings)
      if (!this.#isClosed) this.#later = setTimeout(() => { this.#connect() }, backOffMs(++this.#attempts)).unref()
    })
    redis.connect().catch(() => {})
  }

  /** Tells them once the server has confirmed: what is published from then on is heard. */
  #listen (redis: Redis, channels: readonly string[], listeners: readonly Listener[]): void {
    if (channels.length === 0) return
    redis.subscribe(...channels).then(() => {
      this.#attempts = 0
      for (const { onGap } of listeners) this.#call(onGap)
    }, () => { redis.disconnect() })
  }

  #hear (channel: string, text: string): void {
    for (const { onText } of [...this.#listeners.get(channel) ?? []]) this.#call(() => { onText(text) })
  }

  #call (listener: () => void): void {
    try {
      listener()
    } catch (thrown) {
      this.#onThrown(thrown)
    }
  }
}

/** Another node each time: the last one may be the one that is gone. */
function anyNode (settings: RedisSettings): RedisSettings {
  const { at } = settings
  if (at.kind !== 'cluster') return settings
  const node = at.nodes[Math.floor(Math.random() * at.nodes.length)]
  if (node === undefined) throw new Error('a cluster without nodes')
  return { ...settings, db: 0, at: { kind: 'single', ...node } }
}
