import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What one connection is in the middle of. */
interface OpenOnSocket {
  open: number
  last: IncomingMessage
  answer: ServerResponse
}

/**
 * Counts the requests being served, over all and per connection. A request ends with its answer's `close`, or with its
 * connection: Node never tells an answer that was queued behind another one (pipelining) that the connection is gone.
 */
export class OpenRequests {
  /** Of the bodies of all requests being served, as far as they have arrived. */
  bodyBytes = 0
  /** Of answers that clients have not read, as of the last look. */
  unreadBytes = 0
  #count = 0
  readonly #bySocket = new WeakMap<Socket, OpenOnSocket>()

  get count (): number { return this.#count }

  /** What requests and answers hold in memory. */
  get heldBytes (): number { return this.bodyBytes + this.unreadBytes }

  enter (request: IncomingMessage, answer: ServerResponse): void {
    this.#count++
    const known = this.#bySocket.get(request.socket)
    if (known !== undefined) {
      known.open++
      known.last = request
      known.answer = answer
      return
    }
    const entry: OpenOnSocket = { open: 1, last: request, answer }
    this.#bySocket.set(request.socket, entry)
    request.socket.once('close', () => {
      this.#count -= entry.open
      entry.open = 0
    })
  }

  /** @param socket the connection the request came on, noted at `enter`: an ended request may no longer know it */
  leave (socket: Socket): void {
    const entry = this.#bySocket.get(socket)
    if (entry === undefined || entry.open === 0) return
    entry.open--
    this.#count--
  }

  /** Is a request of this connection being served? */
  isServing (socket: Socket): boolean {
    return (this.#bySocket.get(socket)?.open ?? 0) > 0
  }

  /** May an answer to a malformed request still be written, as the one answer that the client waits for on this connection? */
  mayAnswer (socket: Socket): boolean {
    const entry = this.#bySocket.get(socket)
    if (entry === undefined || entry.open === 0) return true
    return entry.open === 1 && !entry.last.complete && !entry.answer.headersSent
  }
}
