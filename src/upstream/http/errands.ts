import type { Outbound, RequestHead } from '../../net/index.ts'
import { ERRAND_MS, MAX_ERRANDS } from './caps.ts'
import { tell } from './tell.ts'

/** What is told to a server that owes no message for it: notifications, answers to its questions, the end of a session. */
export class Errands {
  readonly #outbound: Outbound
  #open = 0

  constructor (outbound: Outbound) {
    this.#outbound = outbound
  }

  /**
   * Sends one. Resolves with the status of the answer; 0 when there was none in time, or too many are under way.
   * @param timeoutMs from now to the status
   */
  async run (head: RequestHead, body: string | undefined, timeoutMs = ERRAND_MS): Promise<number> {
    if (this.#open >= MAX_ERRANDS) return 0
    this.#open++
    const { status } = await tell(this.#outbound, head, body, timeoutMs)
    this.#open--
    return status
  }
}
