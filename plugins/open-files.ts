import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** What is left is for workers, servers over HTTP, Redis and files: clients must not take the last descriptor (FR34). */
const CLIENTS_PART = 0.8
/** From this part of that on, connections that have said nothing make room for new ones, so that probes and callers get in. */
const CROWDED_PART = 0.9

/** How many files this process may have open, or undefined where nobody says. Node has raised it as far as it may go. */
export function maxOpenFiles (): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined
  }
}

/**
 * Keeps clients to their part of the descriptors (FR34). When it is nearly used up, the connection that has been silent the
 * longest since it came is closed for each new one; where all have asked something, new ones are closed as they come.
 * @param onDropped called for each connection that is closed
 */
export function boundConnections (server: Server, openFiles: number | undefined, onDropped: () => void): void {
  if (openFiles === undefined) return
  const most = Math.floor(openFiles * CLIENTS_PART)
  const crowded = Math.floor(most * CROWDED_PART)
  /** Oldest first. */
  const silent = new Set<Socket>()
  let open = 0
  server.maxConnections = most
  server.on('drop', onDropped)
  server.on('connection', (socket: Socket) => {
    open++
    silent.add(socket)
    socket.once('close', () => {
      open--
      silent.delete(socket)
    })
    if (open <= crowded) return
    const [oldest = socket] = silent
    if (oldest === socket) return
    onDropped()
    silent.delete(oldest)
    oldest.destroy()
  })
  server.on('request', ({ socket }: IncomingMessage) => { if (silent.size > 0) silent.delete(socket) })
}
