import { exchange, send, type Exchange, type JsonRpc } from './http-exchange.ts'
import { clientInfo } from './legacy-wire.ts'

/** What an MCP client of 2024-11-05 puts on the wire: one stream with every answer, and POSTs that are only acknowledged. */
export interface SseWire {
  readonly stream: Exchange
  post (message: JsonRpc): Promise<Exchange>
  request (method: string, params?: Record<string, unknown>): Promise<JsonRpc>
}

/** Opens the stream at `url` and shakes hands. */
export async function openSseWire (url: string, credential: Readonly<Record<string, string>>): Promise<SseWire> {
  const stream = await exchange(url, { headers: { ...credential, accept: 'text/event-stream' } })
  const endpoint = await stream.nextEvent('endpoint', (event) => event.event === 'endpoint')
  let nextId = 1
  const wire: SseWire = {
    stream,
    post: (body) => send(new URL(endpoint.data ?? '', url), { body: { jsonrpc: '2.0', ...body }, headers: { ...credential, accept: '*/*' } }),
    request: async (method, params) => {
      const id = nextId++
      await wire.post({ id, method, ...(params && { params }) })
      return await stream.next(method, (message) => message.id === id && message.method === undefined, 20_000)
    }
  }
  await wire.request('initialize', { protocolVersion: '2024-11-05', capabilities: {}, clientInfo })
  await wire.post({ method: 'notifications/initialized' })
  return wire
}
