import type { HttpCall } from './http-call.ts'
import { reconnectDelayMs } from './reconnect-delay.ts'

/** After so many tries in a row that brought nothing a call is given up for lost. Its deadline may come first. */
const MAX_FRUITLESS = 3

/** Event ids that fit into a header; others cannot be resumed from. */
export const eventIdShape = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/

/** Takes the stream of a call up again where it broke off: by GET and Last-Event-ID (MCP 2025-11-25 transports, SEP-1699). */
export class CallResume {
  readonly #call: HttpCall
  readonly #reopen: (lastEventId: string) => void
  #lastEventId: string
  #retryMs: number | undefined
  #fruitless = 0
  #timer: NodeJS.Timeout | undefined

  private constructor (call: HttpCall, lastEventId: string, reopen: (lastEventId: string) => void) {
    this.#call = call
    this.#reopen = reopen
    this.#lastEventId = lastEventId
  }

  /**
   * The call's stream ended without the reply.
   * @param reopen sends the GET, with the call as its listener
   * @returns false: there is nothing to resume from, or it was tried often enough
   */
  static next (call: HttpCall, reopen: (lastEventId: string) => void): boolean {
    const newest = call.exchange?.lastEventId
    const isUsable = newest !== undefined && eventIdShape.test(newest)
    if (call.resumption === undefined) {
      if (!isUsable) return false
      call.resumption = new CallResume(call, newest, reopen)
    }
    return call.resumption.#wait(isUsable ? newest : undefined)
  }

  #wait (newest: string | undefined): boolean {
    // A server that is polled on purpose sends a new id each time.
    this.#fruitless = newest === undefined ? this.#fruitless + 1 : 0
    if (this.#fruitless >= MAX_FRUITLESS) return false
    this.#lastEventId = newest ?? this.#lastEventId
    this.#retryMs = this.#call.exchange?.retryMs ?? this.#retryMs
    this.#timer = setTimeout(() => this.#reopen(this.#lastEventId), reconnectDelayMs(this.#retryMs, this.#fruitless))
    return true
  }

  stop (): void { clearTimeout(this.#timer) }
}
