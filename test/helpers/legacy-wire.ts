import { Agent } from 'node:http'
import { exchange, send, type Exchange, type JsonRpc } from './http-exchange.ts'

/** What an MCP client of 2025-03-26 … 2025-11-25 puts on the wire, with every header and id in the test's hands. */
export interface LegacyWire {
  readonly url: string
  /** Set by `open`; sent as Mcp-Session-Id from then on. */
  sessionId: string | undefined
  /** Sent as MCP-Protocol-Version once the session is open. */
  protocolVersion: string
  /** `initialize` and `notifications/initialized`; resolves with the result of the former. */
  open (options?: OpenOptions): Promise<Record<string, unknown>>
  /** POSTs whatever it is given; resolves at the response's headers. */
  post (message: unknown, headers?: Record<string, string>): Promise<Exchange>
  /** A request with a fresh id (or the one given); resolves with its response message. */
  request (method: string, params?: Record<string, unknown>, id?: string | number): Promise<JsonRpc>
  /** `tools/call`; resolves with its response message. */
  call (name: string, args?: Record<string, unknown>, id?: string | number): Promise<JsonRpc>
  /** A notification or response; resolves with the HTTP answer (202 expected). */
  tell (message: JsonRpc): Promise<Exchange>
  /** The GET stream, or with `lastEventId` a resumption. */
  listen (lastEventId?: string): Promise<Exchange>
  end (): Promise<Exchange>
  /** Closes sockets; says nothing to the gateway, as clients that vanish. */
  close (): void
}

export interface OpenOptions {
  readonly protocolVersion?: string
  readonly capabilities?: Record<string, unknown>
  readonly headers?: Record<string, string>
  /** How long the answer may take. Default 60 s. */
  readonly deadlineMs?: number
}

/** Both media types, as the transports page asks of clients. */
export const ACCEPT_BOTH = 'application/json, text/event-stream'

export const clientInfo = { name: 'wire-test', version: '1.0.0' }

/** A wire client of one endpoint and one credential. @param credential e.g. `{ authorization: 'Bearer …' }` @param agent for https URLs */
export function createLegacyWire (url: string, credential: Record<string, string>, agent = new Agent({ keepAlive: true, maxSockets: 100 })): LegacyWire {
  let nextId = 1
  const headers = (): Record<string, string> => ({
    accept: ACCEPT_BOTH,
    ...credential,
    ...(wire.sessionId === undefined ? {} : { 'mcp-session-id': wire.sessionId, 'mcp-protocol-version': wire.protocolVersion })
  })
  const wire: LegacyWire = {
    url,
    sessionId: undefined,
    protocolVersion: '2025-11-25',
    open: (options) => openSession(wire, options),
    post: (body, extra) => exchange(url, { method: 'POST', body, agent, headers: { 'content-type': 'application/json', ...headers(), ...extra } }),
    request: async (method, params, id = nextId++) => {
      const answer = await wire.post({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) })
      return await responseOf(answer, id)
    },
    call: (name, args, id) => wire.request('tools/call', { name, arguments: args ?? {} }, id),
    tell: async (message) => {
      const answer = await wire.post({ jsonrpc: '2.0', ...message })
      await answer.ended
      return answer
    },
    listen: (lastEventId) => exchange(url, {
      method: 'GET', agent, headers: { ...headers(), accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) }
    }),
    end: () => send(url, { method: 'DELETE', agent, headers: headers() }),
    close: () => agent.destroy()
  }
  return wire
}

async function openSession (wire: LegacyWire, options: OpenOptions = {}): Promise<Record<string, unknown>> {
  const params = { protocolVersion: options.protocolVersion ?? '2025-11-25', capabilities: options.capabilities ?? {}, clientInfo }
  const answer = await wire.post({ jsonrpc: '2.0', id: 'init', method: 'initialize', params }, options.headers)
  const { result } = await responseOf(answer, 'init', options.deadlineMs)
  if (answer.status !== 200 || result === undefined) throw new Error(`initialize: ${answer.status} ${answer.body()}`)
  const sessionId = answer.headers['mcp-session-id']
  if (typeof sessionId !== 'string') throw new Error('initialize gave no Mcp-Session-Id')
  wire.sessionId = sessionId
  wire.protocolVersion = String(result['protocolVersion'])
  await wire.tell({ method: 'notifications/initialized' })
  return result
}

/** The response message with this id (1 and "1" differ) out of a JSON or SSE answer. @throws when the answer ends without it */
export async function responseOf (answer: Exchange, id: string | number | null, deadlineMs = 60_000): Promise<JsonRpc> {
  return await answer.next(`response ${JSON.stringify(id)}`, (message) => message.id === id && message.method === undefined, deadlineMs)
}

/** Text of the first content block of a tools/call response. @throws on a JSON-RPC error or another shape */
export function textOf (message: JsonRpc): string {
  const content = message.result?.['content'] as ReadonlyArray<{ type: string, text?: string }> | undefined
  const text = content?.[0]?.text
  if (text === undefined) throw new Error(`not a text result: ${JSON.stringify(message).slice(0, 500)}`)
  return text
}
