import type { IncomingMessage } from 'node:http'

/**
 * Reads and throws away the rest of a body that was refused, so that a client still sending it gets to read the answer
 * instead of a reset connection; after `maxBytes` more the connection is cut (T30). Slow senders meet requestTimeout.
 */
export function linger (request: IncomingMessage, maxBytes: number): void {
  if (request.complete || request.destroyed) return
  let thrownAway = 0
  request.on('data', (chunk: Buffer) => {
    thrownAway += chunk.length
    if (thrownAway > maxBytes) request.socket.destroy()
  })
  request.on('error', () => { /* The client broke off; there is nothing left to do for it. */ })
  request.resume()
}
