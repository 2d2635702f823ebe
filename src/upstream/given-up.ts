import type { PendingCall } from './pending-call.ts'

/** Given-up ids that are remembered, so that a late reply is not counted as a forged one. */
const MAX_IDS = 1024
/** How long after its end a given-up call may still be what a server asks or says something about. */
const LINGER_MS = 5000

/** What was sent and is not waited for any more: a server that has not noticed yet does nothing wrong (FR10). */
export class GivenUp {
  /** Oldest first. */
  readonly #ids = new Set<number>()
  /** Calls of callers, for as long as the server may still be at them. */
  readonly lingering = new Set<PendingCall>()

  addCall (call: PendingCall): void {
    this.addId(call.id)
    if (call.call.origin === undefined) return
    this.lingering.add(call)
    setTimeout(() => this.lingering.delete(call), LINGER_MS).unref()
  }

  addId (id: number): void {
    this.#ids.add(id)
    const [oldest] = this.#ids
    if (this.#ids.size > MAX_IDS && oldest !== undefined) this.#ids.delete(oldest)
  }

  /** Is this an id that was given up? */
  has (id: unknown): boolean {
    return this.#ids.has(id as number)
  }

  /** The late answer came: true once per given-up id, false for ids that were never ours. */
  answered (id: unknown): boolean {
    for (const call of this.lingering) if (call.id === id) this.lingering.delete(call)
    return this.#ids.delete(id as number)
  }

  clear (): void {
    this.lingering.clear()
  }
}
