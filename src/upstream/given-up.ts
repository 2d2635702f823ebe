import type { PendingCall } from './pending-call.ts'
import type { ConnectionFault } from './speech.ts'

/** Given-up ids that are remembered, so that a late reply is not counted as a forged one. */
const MAX_IDS = 1024
/** How long after its end a given-up call may still be what a server asks or says something about, in milliseconds. */
export const LINGER_MS = 5000

/** What was sent and is not waited for any more: a server that has not noticed yet does nothing wrong (FR10). */
export class GivenUp {
  /** With what an answer under them is counted as, if it is a fault at all. Oldest first. */
  readonly #ids = new Map<number, ConnectionFault | undefined>()
  /** Calls of callers, for as long as the server may still be at them. */
  readonly lingering = new Set<PendingCall>()

  addCall (call: PendingCall): void {
    this.#add(call.id, 'late_reply')
    if (call.call.origin === undefined) return
    this.lingering.add(call)
    setTimeout(() => this.lingering.delete(call), LINGER_MS).unref()
  }

  /** An id under which an answer may come or not, and is no fault: liveness checks, closed subscriptions. */
  addId (id: number): void {
    this.#add(id, undefined)
  }

  #add (id: number, fault: ConnectionFault | undefined): void {
    this.#ids.set(id, fault)
    const [oldest] = this.#ids.keys()
    if (this.#ids.size > MAX_IDS && oldest !== undefined) this.#ids.delete(oldest)
  }

  /** Is this an id that was given up? */
  has (id: unknown): boolean {
    return this.#ids.has(id as number)
  }

  /** An answer came that no call waits for; returns what it is counted as. Ids that were never ours, or came back already, are forged. */
  answered (id: unknown): ConnectionFault | undefined {
    for (const call of this.lingering) if (call.id === id) this.lingering.delete(call)
    if (!this.has(id)) return 'unknown_id'
    const fault = this.#ids.get(id as number)
    this.#ids.delete(id as number)
    return fault
  }

  clear (): void {
    this.lingering.clear()
  }
}
