import type { CircuitState } from '../../resilience/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { createTokenSource, type TokenEvents, type TokenSource } from '../credentials/token-source.ts'
import { breakerKey } from '../server-breaker.ts'
import { ServerHealth } from './server-health.ts'

/** Entries that are remembered; the one asked for longest ago goes first. Far more than a configuration has, over many reloads. */
const MAX_ENTRIES = 1000

/** What is told of the entries. Must not throw. */
export interface HealthEvents {
  circuit (server: ServerName, state: CircuitState): void
  retried (server: ServerName): void
  tokenFetched: TokenEvents['fetched']
}

/** What the healths of all servers over HTTP have in common. */
export interface ServerHealthsOptions {
  readonly nowMs: () => number
  readonly events: HealthEvents
  readonly onThrown: (thrown: unknown) => void
  /** The server was down, and answers again. Must not throw. */
  readonly onBack: (server: ServerSettings) => void
}

/** What is shared by all connections of one upstream entry. */
export interface SharedEntry {
  readonly health: ServerHealth
  /** Undefined: the entry has no credentials that would have to be fetched. */
  readonly tokens: TokenSource | undefined
}

/** Health and tokens of each entry, for as long as the process lives: a changed entry, secret included, is another one (FR13: credential version). */
export class ServerHealths {
  readonly #options: ServerHealthsOptions
  readonly #entries = new Map<string, SharedEntry>()

  constructor (options: ServerHealthsOptions) {
    this.#options = options
  }

  of (server: ServerSettings): SharedEntry {
    const key = breakerKey(server)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry = this.#make(server)
    this.#entries.set(key, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MAX_ENTRIES && oldest !== undefined) this.#forget(oldest)
    return entry
  }

  /** Is the circuit of this entry open, or half open? Undefined = it has none, or nobody has asked for the entry yet. */
  isOpen (server: ServerSettings): boolean | undefined {
    const state = server.breaker === undefined ? undefined : this.#entries.get(breakerKey(server))?.health.state
    return state === undefined ? undefined : state === 'open' || state === 'half_open'
  }

  close (): void {
    for (const key of [...this.#entries.keys()]) this.#forget(key)
  }

  #make (server: ServerSettings): SharedEntry {
    const { nowMs, events, onThrown, onBack } = this.#options
    const health = new ServerHealth(server, {
      nowMs,
      onThrown,
      onState: (state) => {
        if (state === 'ramp') onBack(server)
        events.circuit(server.name, state)
      },
      onRetry: () => { events.retried(server.name) }
    })
    const { credentials } = server
    const tokens = credentials === undefined ? undefined : createTokenSource(server.name, credentials, { nowMs, events: { fetched: events.tokenFetched } })
    return { health, tokens }
  }

  #forget (key: string): void {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    entry?.health.close()
    entry?.tokens?.close()
  }
}
