import type { Session } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Settings } from '../shared/settings.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { GatewayContext } from './context.ts'

/** The snapshots of the configuration: whoever comes now has the current one, a session keeps the one that it was opened with (R8, FR44). */
export class Generations {
  #settings: Settings
  #first: GatewayContext | undefined
  #current: GatewayContext | undefined
  /** Sessions of before; none until the configuration has changed for the first time. */
  readonly #pinned = new WeakMap<Session, GatewayContext>()

  constructor (settings: Settings) {
    this.#settings = settings
  }

  /** The current ones. */
  get settings (): Settings { return this.#settings }

  /** For whoever comes now. @throws Error before `begin` */
  get current (): GatewayContext {
    if (this.#current === undefined) throw new Error('no context yet')
    return this.#current
  }

  /** What depends on the configuration. What is new since a session was opened, it has from the current one. */
  snapshot (own = this.#settings): Pick<GatewayContext, 'settings' | 'server'> {
    return { settings: own, server: (name) => own.servers.get(name) ?? requireServer(this.#settings, name) }
  }

  /** Once, with the context of the first snapshot. */
  begin (context: GatewayContext): void {
    this.#first = context
    this.#current = context
  }

  of (session: Session): GatewayContext {
    return this.#current === this.#first ? this.current : this.#pinned.get(session) ?? this.current
  }

  /** @param open sessions that keep what they have */
  next (settings: Settings, open: Iterable<Session>): void {
    for (const session of open) if (!this.#pinned.has(session)) this.#pinned.set(session, this.current)
    this.#settings = settings
    this.#current = { ...this.current, ...this.snapshot(settings) }
  }
}

function requireServer (settings: Settings, name: ServerName): ServerSettings {
  const server = settings.servers.get(name)
  if (server === undefined) throw new GatewayError('GW_ROUTE_SERVER', { reason: 'a server that is not configured' })
  return server
}
