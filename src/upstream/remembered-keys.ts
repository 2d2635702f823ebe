import type { ServerSettings } from '../shared/settings/server.ts'
import { fingerprint } from './fingerprint.ts'
import type { ConnectionRequest } from './types.ts'

/** Keys of one entry that are remembered; then it begins anew. */
const MAX_KEYS = 10_000

/** Worker keys that were made before, by everything that they are made of: for requests that come again and again. */
export class RememberedKeys {
  /** Settings are frozen, and a changed entry is another object. */
  readonly #servers = new WeakMap<ServerSettings, Map<string, string>>()

  of (request: ConnectionRequest, perEra: boolean, make: () => string): string {
    const { server, tenant, user, capabilities, era } = request
    let keys = this.#servers.get(server)
    if (keys === undefined) this.#servers.set(server, keys = new Map())
    // With the lengths before them no name can imitate a border (T19).
    const text = `${tenant.length}:${tenant}${user.length}:${user}${fingerprint(capabilities)}${perEra ? era : ''}`
    const known = keys.get(text)
    if (known !== undefined) return known
    if (keys.size >= MAX_KEYS) keys.clear()
    const key = make()
    keys.set(text, key)
    return key
  }
}
