import type { Era } from '../shared/era.ts'
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
    const { server } = request
    let keys = this.#servers.get(server)
    if (keys === undefined) this.#servers.set(server, keys = new Map())
    const text = callersText(request, perEra ? request.era : 'both')
    const known = keys.get(text)
    if (known !== undefined) return known
    if (keys.size >= MAX_KEYS) keys.clear()
    const key = make()
    keys.set(text, key)
    return key
  }
}

/** Whose request it is, as far as keys of the entry may depend on it. With the lengths before them no name can imitate a border (T19). */
function callersText ({ server, tenant, user, capabilities }: ConnectionRequest, era: Era | 'both'): string {
  switch (server.isolation) {
    // The same texts again and again: nothing is joined, and no hash computed.
    case 'shared': return era
    case 'tenant': return `${era}:${tenant}`
    case 'user':
    case 'session':
    case 'call': return `${era}:${tenant.length}:${tenant}${user.length}:${user}${server.capabilities === 'client' ? fingerprint(capabilities) : ''}`
  }
}
