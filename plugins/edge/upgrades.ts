import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Serves a request that asks for another protocol (`Upgrade: h2c`, `websocket`) as the HTTP/1.1 it is, and closes the
 * connection after it. Node's parser stops at such a request and drops what else came in the same piece; on a kept
 * connection the rest of a dropped request would be read as one of its own (T28; RFC 9110 7.8 lets a server decline).
 */
export function declineUpgrades (server: Server): void {
  const decline = (request: IncomingMessage, answer: ServerResponse): void => {
    if (request.headers.upgrade !== undefined) answer.shouldKeepAlive = false
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, decline)
}
