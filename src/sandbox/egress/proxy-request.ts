/** What a worker wants of the proxy. */
export interface ProxyRequest {
  /** As the URL parser writes it, without brackets and final dot: every spelling of an address is one. */
  readonly host: string
  readonly port: number
  /** The head to send on; absent = CONNECT, of which nothing is sent on. */
  readonly forward?: string
}

/** An authority: brackets for IPv6, no user, nothing to decode. The URL parser does the rest. */
const AUTHORITY = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?$/
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (\S+) (HTTP\/1\.[01])$/
const HTTP_URL = /^http:\/\/([^/?#]+)([/?][^#]*)?$/i
/** RFC 9110 5.1, 5.5: no folding, no control characters. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/
const HTTP_PORT = 80
/** Fields between the worker and this proxy (RFC 9110 7.6.1), and Host, which the URL decides (RFC 9112 3.2.2). */
const NOT_FORWARDED = new Set(['host', 'connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'upgrade'])

/**
 * Reads the head of a request to a proxy: CONNECT with an authority (RFC 9110 9.3.6), or any method with an absolute
 * http URL (RFC 9112 3.2.2).
 * @param head everything before the empty line, as latin1
 * @returns undefined if it is neither, or malformed
 */
export function readProxyRequest (head: string): ProxyRequest | undefined {
  const [first = '', ...lines] = head.split('\r\n')
  const [, method, target = '', version = ''] = REQUEST_LINE.exec(first) ?? []
  const fields = lines.map((line) => FIELD.exec(line))
  if (method === undefined || fields.includes(null)) return undefined
  if (method === 'CONNECT') return readAuthority(target, undefined)
  const [, authority = '', path = '/'] = HTTP_URL.exec(target) ?? []
  const place = readAuthority(authority, HTTP_PORT)
  if (place === undefined) return undefined
  const kept = forwardedFields(fields.map((field) => [field?.[1] ?? '', field?.[2] ?? '']))
  const start = `${method} ${path.startsWith('?') ? `/${path}` : path} ${version}`
  return { ...place, forward: [start, `Host: ${authority}`, ...kept, 'Connection: close', '', ''].join('\r\n') }
}

function readAuthority (text: string, defaultPort: number | undefined): { host: string, port: number } | undefined {
  const [, host, portText] = AUTHORITY.exec(text) ?? []
  const port = portText === undefined ? defaultPort : Number(portText)
  if (host === undefined || port === undefined || port < 1 || port > 65_535 || !URL.canParse(`http://${host}/`)) return undefined
  const { hostname } = new URL(`http://${host}/`)
  return { host: hostname.replace(/^\[|\]$|\.$/g, ''), port }
}

/** Without what Connection names as well: one request per connection, so nothing of it matters further on. */
function forwardedFields (fields: ReadonlyArray<readonly [name: string, value: string]>): string[] {
  const named = fields.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, value]) => value.toLowerCase().split(',').map((token) => token.trim()))
  return fields.filter(([name]) => !NOT_FORWARDED.has(name.toLowerCase()) && !named.includes(name.toLowerCase())).map(([name, value]) => `${name}:${value}`)
}
