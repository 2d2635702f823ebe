import type { JsonObject } from '../protocol/index.ts'
import type { Client } from '../session/index.ts'

/** Elicitation ids of one server that are remembered; the oldest are forgotten first. */
const MAX_ELICITATIONS = 256

/** Who was asked to open which page: notifications/elicitation/complete goes there and nowhere else (MCP 2025-11-25 elicitation, T20). */
export class ElicitationOwners {
  readonly #owners = new Map<string, Client>()

  /** Only sessions are told later; the modern era has no such notification, its client learns by asking again. */
  asked (client: Client, params: JsonObject | undefined): void {
    const id = params?.['elicitationId']
    if (typeof id !== 'string' || client.era !== 'legacy') return
    this.#owners.set(id, client)
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= MAX_ELICITATIONS) break
      this.#owners.delete(oldest)
    }
  }

  /** Whom the notification is for, once; undefined = nobody. */
  completed (params: JsonObject | undefined): Client | undefined {
    const id = String(params?.['elicitationId'])
    const client = this.#owners.get(id)
    this.#owners.delete(id)
    return client
  }
}
