import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How long the last bytes of answers may take to leave once every call has ended, in milliseconds. */
export const LAST_BYTES_MS = 2000

/**
 * Stops listening. What is not asked for by then is cut: Node waits for ever for a connection on which no request has
 * come yet, which browsers and undici open ahead of need.
 */
export async function closeListener (app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), LAST_BYTES_MS)
  await app.close()
  clearTimeout(timer)
}

/** Where it listens, with the real port when 0 was asked for. */
export function originOf (app: FastifyInstance, host: string): string {
  const { port, family } = app.server.address() as AddressInfo
  const name = family === 'IPv6' || host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** What a client may send (16 KiB), and the line that is added on the way. */
const MAX_HEADER_BYTES = 32_768
/** Nobody but the gateway's own user hands requests over. */
const OWNER_ONLY = 0o600

/**
 * Serves requests that other processes hand over on a Unix socket, as if they had come to the public listener. Returns what ends
 * that, once the last answers have left.
 */
export async function takeOver (app: FastifyInstance, path: string, incoming: WeakSet<Socket>): Promise<() => Promise<void>> {
  // Deadlines for headers and bodies are held by the process that the client is connected to.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0, maxHeaderSize: MAX_HEADER_BYTES }, (request, answer) => { app.routing(request, answer) })
  server.on('connection', (socket) => {
    incoming.add(socket)
    app.watchUnread(socket)
  })
  // A process that was killed leaves its own behind for whoever takes its place.
  await rm(path, { force: true })
  server.listen({ path, exclusive: true })
  await once(server, 'listening')
  await chmod(path, OWNER_ONLY)
  return async () => {
    const timer = setTimeout(() => server.closeAllConnections(), LAST_BYTES_MS)
    server.close()
    await once(server, 'close')
    clearTimeout(timer)
  }
}
