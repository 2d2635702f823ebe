import type { ServerName } from '../shared/ids.ts'

/** Scheme by which hosts recognise MCP Apps resources; it has to stay in front. */
const uiScheme = 'ui://'

/** A server and one of its URIs, as that server knows it. */
export interface ServerAndUri {
  readonly server: ServerName
  readonly uri: string
}

/**
 * The URI or URI template under which a server's resource stands in the aggregate (rulings 5): `<server>+<uri>`, and
 * `ui://<server>/…` for `ui://…`.
 */
export function aggregateUri (server: string, uri: string): string {
  return uri.startsWith(uiScheme) ? `${uiScheme}${server}/${uri.slice(uiScheme.length)}` : `${server}+${uri}`
}

/**
 * The allowed server of this name. A server's name stands where a URI has its scheme or authority, which clients may
 * put in lower case (RFC 3986 6.2.2.1): failing the exact name, the only one that differs in case is meant.
 */
function allowedServer (written: string, allowed: readonly ServerName[]): ServerName | undefined {
  const exact = allowed.find((server) => server === written)
  if (exact !== undefined) return exact
  const lower = written.toLowerCase()
  const similar = allowed.filter((server) => server.toLowerCase() === lower)
  return similar.length === 1 ? similar[0] : undefined
}

/** The pair behind an aggregate URI or template; undefined when it names no allowed server (T25: hidden or unknown alike). */
export function splitAggregateUri (uri: string, allowed: readonly ServerName[]): ServerAndUri | undefined {
  const isUi = uri.startsWith(uiScheme)
  const start = isUi ? uiScheme.length : 0
  const border = uri.indexOf(isUi ? '/' : '+', start)
  if (border === -1) return undefined
  const server = allowedServer(uri.slice(start, border), allowed)
  if (server === undefined) return undefined
  const rest = uri.slice(border + 1)
  return { server, uri: isUi ? uiScheme + rest : rest }
}
