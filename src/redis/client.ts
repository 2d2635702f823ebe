import { Cluster, Redis } from 'ioredis'
import type { Command } from 'ioredis'
import type { RedisSettings } from '../shared/settings/redis.ts'
import { backOffMs, clusterOptions, serverOptions } from './client-options.ts'

export interface ClientEvents {
  /** The server has said that it serves. */
  readonly ready: () => void
  readonly lost: (reason: string) => void
}

/** The connection for commands, whatever it leads to; ioredis is spoken to here and in subscriber.ts only. */
export class Client {
  readonly #redis: Redis | Cluster
  #isClosing = false
  #isCorked = false
  #attempts = 0
  #reason = 'not connected yet'
  #later: NodeJS.Timeout | undefined

  constructor (settings: RedisSettings, events: ClientEvents) {
    const { at } = settings
    this.#redis = at.kind === 'cluster'
      ? new Cluster(at.nodes.map(({ host, port }) => ({ host, port })), clusterOptions(settings))
      : new Redis(serverOptions(settings, { retries: true }))
    this.#redis.on('+node', (node: Redis) => { node.connect().catch(() => {}) })
    this.#redis.on('ready', () => {
      this.#attempts = 0
      this.#whenNodesAreReady(events.ready)
    })
    this.#redis.on('close', () => { events.lost(this.#reason) })
    // The words only: the object holds the command, and so may hold a password (T58).
    this.#redis.on('error', (error: Error) => { this.#reason = error.message })
    this.#redis.on('node error', (error: Error) => { this.#reason = error.message })
    this.#redis.on('end', () => { events.lost(this.#reason); this.#connectLater() })
    this.#connect()
  }

  /** Sent at the end of this turn of the event loop, with all others of it in one write. */
  send (command: Command): void {
    if (!this.#isCorked) this.#cork()
    this.#redis.sendCommand(command)
  }

  /** Why there is no connection, as the last attempt said; no secret is in it. */
  get reason (): string { return this.#reason }

  reconnect (): void {
    this.#reason = 'it does not answer'
    this.#redis.disconnect(true)
  }

  close (): void {
    this.#isClosing = true
    clearTimeout(this.#later)
    this.#redis.disconnect()
  }

  #cork (): void {
    const streams = this.#redis instanceof Redis ? [this.#redis.stream] : this.#redis.nodes('master').map((node) => node.stream)
    this.#isCorked = true
    for (const stream of streams) stream?.cork()
    setImmediate(() => {
      this.#isCorked = false
      for (const stream of streams) stream?.uncork()
    })
  }

  /**
   * ioredis connects to a cluster's nodes with the first command for each, and refuses all others until it has: so they are
   * connected ahead of need. A node that cannot be reached does not keep the others from being used.
   */
  #whenNodesAreReady (ready: () => void): void {
    if (this.#redis instanceof Redis) return ready()
    const settled = this.#redis.nodes('master').filter(({ status }) => status !== 'ready').map(async (node) => {
      await new Promise<void>((resolve) => { node.once('ready', resolve).once('end', resolve) })
    })
    Promise.all(settled).then(ready, () => {})
  }

  #connect (): void {
    this.#redis.connect().catch((error: unknown) => { if (error instanceof Error) this.#reason = error.message })
  }

  /** ioredis gives up for good where it could not even try, as with certificates that are none. */
  #connectLater (): void {
    if (this.#isClosing) return
    this.#later = setTimeout(() => { this.#connect() }, backOffMs(++this.#attempts)).unref()
  }
}
