/** `host`, `host:port`, `[v6]`, `[v6]:port`; nothing else is a Host (RFC 9112 3.2, T29: parsed, never searched). */
const AUTHORITY = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))(?::([0-9]{1,5}))?$/

/** Distinct accepted spellings remembered; an attacker's never are, so the cache cannot be filled. */
const MAX_REMEMBERED = 64

/** Which authorities are served here. */
export interface HostList {
  /** Is this authority, as a Host header or in a URL, one of ours? */
  allows (authority: string): boolean
}

/** @param allowed lower-case `host` or `host:port` values; a bare host allows any port (settings.http.allowedHosts) */
export function createHostList (allowed: readonly string[]): HostList {
  const exact = new Set(allowed)
  const remembered = new Set<string>()
  return {
    allows: (authority) => {
      if (remembered.has(authority)) return true
      const parsed = AUTHORITY.exec(authority.toLowerCase())
      if (parsed === null || !(exact.has(parsed[0]) || exact.has(parsed[1] ?? ''))) return false
      if (remembered.size < MAX_REMEMBERED) remembered.add(authority)
      return true
    }
  }
}
