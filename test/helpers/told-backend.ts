/** An HTTP server that stands where a replica stands and does what a test tells it: what arrived is kept, and streams speak when they are told to. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'

export interface Arrived {
  readonly method: string
  readonly url: string
  /** Names in lower case and values, as they came. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: string
}

export interface ToldBackend {
  readonly name: string
  readonly port: number
  readonly arrived: readonly Arrived[]
  /** Open event streams: GETs of a path that begins with `/stream`, oldest first. */
  readonly streams: readonly ServerResponse[]
  stop (): Promise<void>
}

/** Headers of every answer, as a gateway has them. */
const STANDING = { 'strict-transport-security': 'max-age=31536000; includeSubDomains', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-request-id': '0b6f7d523f0e4d8b9f0a2d1c5f7e9a10' }

/** Starts it. Streams apart, everything is answered with JSON that names it. @param port 0: any */
export async function startToldBackend (name: string, port = 0): Promise<ToldBackend> {
  const arrived: Arrived[] = []
  const streams: ServerResponse[] = []
  const server = createServer({ keepAliveTimeout: 75_000, maxHeaderSize: 65_536 }, (request, response) => {
    buffer(request).then((body) => {
      const headers = request.rawHeaders.flatMap((header, at, all) => at % 2 === 0 ? [[header.toLowerCase(), all[at + 1] ?? ''] as const] : [])
      arrived.push({ method: request.method ?? '', url: request.url ?? '', headers, body: body.toString() })
      const standing = { ...STANDING, 'x-drawbridge-replica': name }
      if (request.url?.startsWith('/stream') === true) {
        response.writeHead(200, { ...standing, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', 'x-accel-redirect': '/stub_status' })
        response.flushHeaders()
        streams.push(response)
      } else response.writeHead(200, { ...standing, 'content-type': 'application/json' }).end(JSON.stringify({ replica: name }))
    }).catch(() => { response.destroy() })
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    name,
    port: (server.address() as AddressInfo).port,
    arrived,
    streams,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
