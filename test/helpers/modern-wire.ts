import { Agent } from 'node:http'
import { exchange, type Exchange, type JsonRpc } from './http-exchange.ts'
import { ACCEPT_BOTH, responseOf } from './legacy-wire.ts'

export const MODERN = '2026-07-28'
/** Prefix of the protocol's own `_meta` members. */
const META = 'io.modelcontextprotocol/'

/** What an MCP client of 2026-07-28 puts on the wire: each request by itself, with every header in the test's hands. */
export interface ModernWire {
  readonly url: string
  /** POSTs a message as it is, with the headers that its body calls for; `undefined` takes a header away. Resolves at the response's headers. */
  post (message: JsonRpc, options?: PostOptions): Promise<Exchange>
  /** A request, begun: for answers that are cut, streamed or never read. */
  begin (method: string, params?: Record<string, unknown>, options?: RequestOptions): Promise<Exchange>
  /** A request; resolves with its response message. */
  request (method: string, params?: Record<string, unknown>, options?: RequestOptions): Promise<JsonRpc>
  /** `tools/call`; resolves with its response message. */
  call (name: string, args?: Record<string, unknown>, options?: RequestOptions): Promise<JsonRpc>
  /** Closes sockets; says nothing to the gateway. */
  close (): void
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

export interface RequestOptions extends PostOptions {
  readonly id?: string | number
  /** Into `_meta`. */
  readonly meta?: Readonly<Record<string, unknown>>
  readonly capabilities?: Readonly<Record<string, unknown>>
}

/** `params` with everything a modern request says about itself. */
export function modernParams (params: Readonly<Record<string, unknown>> = {}, { meta, capabilities = {} }: Pick<RequestOptions, 'meta' | 'capabilities'> = {}): Record<string, unknown> {
  return { ...params, _meta: { [`${META}protocolVersion`]: MODERN, [`${META}clientCapabilities`]: capabilities, [`${META}clientInfo`]: { name: 'wire-test', version: '1.0.0' }, ...meta } }
}

/** A wire client of one endpoint and one credential. @param credential e.g. `{ authorization: 'Bearer …' }` @param agent for https URLs */
export function createModernWire (url: string, credential: Readonly<Record<string, string>>, agent = new Agent({ keepAlive: true, maxSockets: 200 })): ModernWire {
  let nextId = 1
  const begin: ModernWire['begin'] = (method, params, { id = nextId++, meta, capabilities, ...options } = {}) =>
    wire.post({ jsonrpc: '2.0', id, method, params: modernParams(params, { ...(meta && { meta }), ...(capabilities && { capabilities }) }) }, options)
  const wire: ModernWire = {
    url,
    post: (body, { headers = {}, signal } = {}) => {
      const name = body.params?.['name'] ?? body.params?.['uri'] ?? body.params?.['taskId']
      const all = { ...credential, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': body.method, 'mcp-name': name, ...headers }
      const given = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
      return exchange(url, { body, agent, headers: given, ...(signal && { signal }) })
    },
    begin,
    request: async (method, params, options = {}) => {
      const id = options.id ?? nextId++
      return await responseOf(await begin(method, params, { ...options, id }), id)
    },
    call: (name, args, options) => wire.request('tools/call', { name, arguments: args ?? {} }, options),
    close: () => agent.destroy()
  }
  return wire
}
