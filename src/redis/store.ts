import { Command } from 'ioredis'
import type { Clock } from '../shared/clock.ts'
import { DelayLine } from '../shared/delay-line.ts'
import type { RedisSettings } from '../shared/settings/redis.ts'
import { Client } from './client.ts'
import { Liveness } from './liveness.ts'
import { Request } from './request.ts'
import type { RequestDesk, RequestOutcome } from './request.ts'
import { script } from './script.ts'
import { Subscriptions } from './subscriptions.ts'
import { RedisAway } from './types.ts'
import type { RedisReply, RedisStore, Script } from './types.ts'

/** What happens to the store, for metrics and the log. Reasons hold no secret and no key. */
export interface RedisEvents {
  /** One command has ended; `away` = it was not sent. Seconds are those until its caller knew. */
  readonly ended: (outcome: RequestOutcome | 'away', seconds: number) => void
  /** The server has refused a command or was lost; the text is the server's or the system's. */
  readonly failed: (outcome: Exclude<RequestOutcome, 'ok'>, reason: string) => void
  readonly state: (state: 'up' | 'away', reason: string) => void
  /** A listener of a channel has thrown: a fault of ours. */
  readonly thrown: (thrown: unknown) => void
}

export interface RedisStoreOptions {
  readonly clock: Clock
  readonly events: RedisEvents
}

const APPEND = script('streams/append')
const STREAM_ENDS_MS = 30 * 24 * 3_600_000
const NOT_SENT = new RedisAway('Redis is away')
const nothing = (): void => {}

/** Connects in the background: the store is `away` until the server has answered, and a start does not wait for it. */
export function createRedisStore (settings: RedisSettings, options: RedisStoreOptions): RedisStore {
  return new Store(settings, options)
}

class Store implements RedisStore, RequestDesk {
  readonly #client: Client
  readonly #subscriptions: Subscriptions
  readonly #liveness: Liveness
  readonly #line: DelayLine
  readonly #events: RedisEvents
  readonly #nowMs: () => number
  readonly #timeoutMs: number
  readonly #stateListeners = new Set<(state: 'up' | 'away') => void>()
  #pending = 0
  #whenIdle = nothing

  constructor (settings: RedisSettings, { clock, events }: RedisStoreOptions) {
    this.#events = events
    this.#nowMs = clock.nowMs
    this.#timeoutMs = settings.commandTimeoutMs
    this.#line = new DelayLine(settings.commandTimeoutMs, clock.nowMs)
    this.#liveness = new Liveness({
      probe: async () => await this.#start(new Request(this, 'ping', [])),
      reconnect: () => { this.#client.reconnect() },
      changed: (state, reason) => { this.#changed(state, reason) }
    })
    this.#subscriptions = new Subscriptions(settings, events.thrown)
    this.#client = new Client(settings, {
      ready: () => { this.#liveness.connected() },
      lost: (reason) => { this.#liveness.lost(reason) }
    })
  }

  get state (): 'up' | 'away' { return this.#liveness.state }

  onState (listener: (state: 'up' | 'away') => void): () => void {
    this.#stateListeners.add(listener)
    return () => { this.#stateListeners.delete(listener) }
  }

  run (script: Script, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<RedisReply> {
    return this.#send('evalsha', scriptArguments(script.sha1, keys, args), script) as Promise<RedisReply>
  }

  send (script: Script, keys: readonly string[], args: ReadonlyArray<string | number>): void {
    this.#send('evalsha', scriptArguments(script.sha1, keys, args), script).catch(nothing)
  }

  async get (key: string): Promise<string | undefined> {
    return (await this.#send('get', [key]) as string | null) ?? undefined
  }

  async set (key: string, value: string, ttlMs: number): Promise<void> {
    if (!(ttlMs >= 1)) throw new RangeError(`a key must have an end: ${ttlMs} ms`)
    await this.#send('set', [key, value, 'PX', String(Math.ceil(ttlMs))])
  }

  async delete (key: string): Promise<void> {
    await this.#send('del', [key])
  }

  async publish (channel: string, text: string): Promise<void> {
    await this.#send('publish', [channel, text])
  }

  subscribe (channel: string, onText: (text: string) => void, onGap: () => void): () => void {
    return this.#subscriptions.subscribe(channel, onText, onGap)
  }

  async append (stream: string, fields: Readonly<Record<string, string>>, maxLength: number): Promise<void> {
    await this.run(APPEND, [stream], [maxLength, STREAM_ENDS_MS, ...Object.entries(fields).flat()])
  }

  /** What was sent is answered, or given up, before the connection ends. */
  async close (): Promise<void> {
    this.#liveness.close()
    this.#subscriptions.close()
    if (this.#pending > 0) await new Promise<void>((resolve) => { this.#whenIdle = resolve })
    this.#client.close()
  }

  answered (request: Request): void {
    this.#left(request, 'ok')
    this.#liveness.answered()
  }

  failed (request: Request, outcome: Exclude<RequestOutcome, 'ok'>, reason: string): Error {
    this.#left(request, outcome)
    if (outcome === 'timeout') this.#liveness.timedOut()
    // A server that refuses has answered.
    else if (outcome === 'reply') this.#liveness.answered()
    this.#events.failed(outcome, reason)
    return new RedisAway(reason)
  }

  sendWhole (request: Request, { text }: Script): void {
    const args = [text, ...request.args.slice(1)] as string[]
    this.#client.send(new Command('eval', args, { replyEncoding: 'utf8' }, (error, reply) => {
      if (error == null) request.resolve(reply)
      else request.reject(error)
    }))
  }

  #send (name: string, args: string[], script?: Script): Promise<unknown> {
    if (this.#liveness.state === 'away') {
      this.#events.ended('away', 0)
      return Promise.reject(NOT_SENT)
    }
    return this.#start(new Request(this, name, args, script))
  }

  #start (request: Request): Promise<unknown> {
    this.#pending++
    this.#line.add(request)
    this.#client.send(request)
    return request.promise
  }

  #left (request: Request, outcome: RequestOutcome): void {
    this.#line.remove(request)
    this.#events.ended(outcome, (this.#nowMs() - request.dueMs + this.#timeoutMs) / 1000)
    if (--this.#pending === 0) this.#whenIdle()
  }

  #changed (state: 'up' | 'away', reason: string): void {
    this.#events.state(state, reason)
    for (const listener of [...this.#stateListeners]) {
      try {
        listener(state)
      } catch (thrown) {
        this.#events.thrown(thrown)
      }
    }
  }
}

function scriptArguments (sha1: string, keys: readonly string[], args: ReadonlyArray<string | number>): string[] {
  const all = [sha1, String(keys.length), ...keys]
  for (const arg of args) all.push(String(arg))
  return all
}
