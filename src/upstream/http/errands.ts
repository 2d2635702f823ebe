import type { Dispatcher } from 'undici'
import type { Outbound } from '../../net/index.ts'
import { ERRAND_MS, MAX_ERRANDS, MAX_REFUSAL_BYTES } from './caps.ts'

/** What is told to a server that owes no message for it: notifications, answers to its questions, the end of a session. */
export class Errands {
  readonly #outbound: Outbound
  #open = 0

  constructor (outbound: Outbound) {
    this.#outbound = outbound
  }

  /**
   * Sends one. Resolves with the status of the answer; 0 when there was none in time, or too many are under way.
   * @param headers as undici's flat list
   * @param timeoutMs from now to the status
   */
  async run (method: 'POST' | 'DELETE', headers: string[], body: string | undefined, timeoutMs = ERRAND_MS): Promise<number> {
    if (this.#open >= MAX_ERRANDS) return 0
    this.#open++
    try {
      return await new Promise<number>((resolve) => {
        const errand = new Errand(resolve, timeoutMs)
        this.#outbound.dispatcher.dispatch({ path: this.#outbound.path, method, headers, ...(body === undefined ? {} : { body }) }, errand)
      })
    } finally {
      this.#open--
    }
  }
}

class Errand implements Dispatcher.DispatchHandler {
  readonly #resolve: (status: number) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #left = MAX_REFUSAL_BYTES
  #isLate = false

  constructor (resolve: (status: number) => void, timeoutMs: number) {
    this.#resolve = resolve
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#cut()
      resolve(0)
    }, timeoutMs).unref()
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isLate) this.#cut()
  }

  onResponseStart (_controller: Dispatcher.DispatchController, status: number, headers: { readonly 'content-type'?: string | string[] | undefined }): void {
    if (status < 200) return
    this.#resolve(status)
    // Nothing on such a stream would be for anybody.
    if (String(headers['content-type']).includes('event-stream')) this.#cut()
  }

  onResponseData (_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#left -= chunk.length
    if (this.#left < 0) this.#cut()
  }

  onResponseEnd (): void {
    clearTimeout(this.#timer)
  }

  onResponseError (): void {
    clearTimeout(this.#timer)
    this.#resolve(0)
  }

  #cut (): void {
    clearTimeout(this.#timer)
    this.#controller?.abort(new Error('nothing more is wanted'))
  }
}
