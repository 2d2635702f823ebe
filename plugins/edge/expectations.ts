import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Requests that wait for `100 Continue` before they send their body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

/**
 * Holds `100 Continue` back until a request's body is wanted. Node would send it at once, and an upload of any size would
 * begin before the credential was looked at (measured; RFC 9110 10.1.1). Other expectations are served as if absent.
 */
export function holdContinue (server: Server, serve: (request: IncomingMessage, answer: ServerResponse) => void): void {
  server.on('checkContinue', (request, answer) => {
    waiting.set(request, answer)
    serve(request, answer)
  })
  server.on('checkExpectation', serve)
}

/** The body is wanted now. */
export function continueExpected (request: IncomingMessage): void {
  waiting.get(request)?.writeContinue()
  waiting.delete(request)
}

/**
 * Is the client still waiting to send its body? It may then send it or not after a final answer, so the connection cannot
 * be used again: what follows could be read as a body or as a request (T28).
 */
export function isWaitingToSend (request: IncomingMessage): boolean {
  return waiting.has(request)
}
