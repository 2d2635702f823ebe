/**
 * Query parameters under which clients of other gateways send credentials. A credential in a URL ends in logs and
 * histories, so it is refused whether or not it is valid (MCP 2025-11-25 authorization: MUST NOT, RFC 9700 4.3.2, T27).
 */
const NAMES: ReadonlySet<string> = new Set([
  'access_token', 'accesstoken', 'token', 'id_token', 'auth_token', 'authtoken', 'jwt', 'bearer', 'authorization',
  'api_key', 'apikey', 'api-key', 'x-api-key', 'key'
])

/** Does the query of this request target hold something that is named like a credential? Case and escapes do not hide it. */
export function carriesCredential (url: string): boolean {
  const start = url.indexOf('?')
  if (start === -1) return false
  for (const name of new URLSearchParams(url.slice(start + 1)).keys()) {
    if (NAMES.has(name.toLowerCase())) return true
  }
  return false
}
