import type { Authenticator } from '../../src/auth/index.ts'

/** An authenticator that can be replaced by another one as a whole: whoever holds it asks the newest. */
export interface CurrentAuthenticator extends Authenticator {
  /** The one before is closed; what it has under way ends with its own answer. */
  replace (next: Authenticator): void
}

/** Written out, not a Proxy: it is asked on the path of every call. */
export function createCurrentAuthenticator (first: Authenticator): CurrentAuthenticator {
  let now = first
  return {
    replace (next) {
      const before = now
      now = next
      before.close()
    },
    authenticate: (rawHeaders, url) => now.authenticate(rawHeaders, url),
    ready: () => now.ready(),
    keySets: () => now.keySets(),
    get own () { return now.own },
    revocationOfKey: (id) => now.revocationOfKey(id),
    isRevoked: (principal) => now.isRevoked(principal),
    close: () => { now.close() }
  }
}
