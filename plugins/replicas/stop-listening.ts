import { Server } from 'node:net'
import type { Server as HttpServer } from 'node:http'

/**
 * From the last new connection to the end of idle ones, in milliseconds: whoever was refused one sends nothing more over those that
 * they keep, so that none is ended under a request (FR31, FR33).
 */
export const LINGER_MS = 1000

/** Takes no more connections, and leaves idle ones open, which http.Server.close does not. */
export function stopListening (server: HttpServer): void {
  Server.prototype.close.call(server)
}
