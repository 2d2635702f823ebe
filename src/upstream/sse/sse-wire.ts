import { readJson } from '../../shared/read-json.ts'
import { GatewayError, type ErrorCode } from '../../shared/errors.ts'
import { isJsonObject, type JsonText } from '../../protocol/index.ts'
import type { Outbound } from '../../net/index.ts'
import { postHeaders, streamHeaders } from '../http/request-headers.ts'
import type { ServerHealth } from '../health/server-health.ts'
import type { ConnectionFault } from '../speech.ts'
import type { Wire } from '../wire.ts'
import { endpointPath } from './endpoint.ts'
import { openEventStream } from './event-stream.ts'
import { PostBox } from './post-box.ts'

/** What the wire of one 2024-11-05 server needs. */
export interface SseWireOptions {
  readonly outbound: Outbound
  /** Headers of every request: the entry's own. */
  readonly headers: readonly string[]
  /** Silence after which `onQuiet` is called, each time anew. */
  readonly quietMs: number
  /** Of the entry, over all its connections. */
  readonly health?: ServerHealth | undefined
  onFault (kind: ConnectionFault): void
}

/** HTTP+SSE of 2024-11-05: one stream from the server for everything, and a POST for each message to it. */
export class SseWire implements Wire {
  readonly pid = undefined
  readonly exited: Promise<void>
  onMessage: Wire['onMessage']
  onUndelivered?: NonNullable<Wire['onUndelivered']>
  /** Nothing came for a while, not even a comment: the server may be gone without a word. */
  onQuiet: (() => void) | undefined
  /** Set when callers' requests may come: while the server is known to be down they are not sent (FR14). */
  isGuarded = false
  /** Why the newest message was not taken. */
  refusal: ErrorCode | undefined
  readonly #options: SseWireOptions
  readonly #exit: () => void
  readonly #quiet: NodeJS.Timeout
  readonly #endpoint = Promise.withResolvers<string>()
  #box: PostBox | undefined
  #isEnded = false

  constructor (options: SseWireOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.exited = promise
    this.#exit = () => { resolve(undefined) }
    this.#quiet = setInterval(() => this.onQuiet?.(), options.quietMs)
    this.#quiet.unref()
    // Whoever waits for it hears of it; nobody may be waiting yet, or any more.
    this.#endpoint.promise.catch(() => {})
  }

  /**
   * Opens the stream and waits for the endpoint; whoever opens kills the wire when the signal aborts.
   * @throws GatewayError as the stream does; GW_UPSTREAM_START when it ends first, or names another origin
   */
  async open (signal: AbortSignal): Promise<void> {
    const { outbound, headers } = this.#options
    try {
      signal.throwIfAborted()
      await openEventStream(outbound, outbound.head('GET', streamHeaders(headers)), {
        onActivity: () => { this.#quiet.refresh() },
        onEvent: (data, type) => { this.#event(data, type) },
        onEnd: () => {
          if (!this.#isEnded) this.#options.health?.failed()
          this.kill()
        }
      })
      const path = await this.#endpoint.promise
      this.#box = new PostBox({
        outbound,
        head: outbound.head('POST', postHeaders(headers), path),
        health: this.#options.health,
        onUndelivered: (callId, code) => {
          this.refusal = code
          this.onUndelivered?.(callId, code)
        },
        onGone: () => { this.kill() }
      })
    } catch (thrown) {
      this.kill()
      throw signal.aborted ? signal.reason : thrown
    }
  }

  send (text: JsonText, callId?: number): 'sent' | 'full' | 'closed' {
    if (this.isGuarded && callId !== undefined && (this.#options.health?.refusedMs() ?? 0) > 0) return 'full'
    return this.#box?.send(String(text), callId) ?? 'closed'
  }

  /** Resolves when the server has taken what was sent so far. */
  async drained (): Promise<void> {
    await this.#box?.drained()
  }

  stop (): Promise<void> {
    this.kill()
    return this.exited
  }

  kill (): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearInterval(this.#quiet)
    this.#box?.end()
    this.#options.outbound.destroy()
    this.#endpoint.reject(new GatewayError('GW_UPSTREAM_START', { reason: 'the stream ended before it named an endpoint' }))
    this.#exit()
  }

  #event (data: string, type: string): void {
    if (this.#isEnded) return
    if (type === 'endpoint') this.#named(data)
    else if ((type === '' || type === 'message') && data !== '') this.#message(data)
  }

  /** The first one counts: messages of one connection go to one place. */
  #named (data: string): void {
    if (this.#box !== undefined) return this.#options.onFault('malformed_message')
    const { origin, path } = this.#options.outbound
    const found = endpointPath(data, new URL(path, origin))
    if (found === undefined) this.#endpoint.reject(new GatewayError('GW_UPSTREAM_START', { reason: 'the endpoint is not of the stream\'s own origin' }))
    else this.#endpoint.resolve(found)
  }

  #message (data: string): void {
    const message = parsed(data)
    if (message === undefined) this.#options.onFault('malformed_message')
    else {
      if (message['method'] === undefined) this.#options.health?.succeeded()
      this.onMessage?.(message, data.length)
    }
  }
}

function parsed (text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = readJson(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
