import { connect, type Socket } from 'node:net'
import { ReplyParser, type HttpReply } from './reply-parser.ts'

/** A reply, or why there is none. */
export type Outcome = (HttpReply & { readonly error?: undefined }) | { readonly error: string }

/** One keep-alive connection with at most one request under way; it connects again by itself after a close. */
export class HttpSocket {
  #socket: Socket | undefined
  #waiting: ((outcome: Outcome) => void) | undefined
  readonly #port: number

  constructor (port: number) {
    this.#port = port
  }

  /** Sends a whole request (ASCII only) and hands over its reply. */
  send (request: string, onOutcome: (outcome: Outcome) => void): void {
    this.#waiting = onOutcome
    this.#socket ??= this.#open()
    this.#socket.write(request, 'latin1')
  }

  exchange (request: string): Promise<Outcome> {
    return new Promise((resolve) => { this.send(request, resolve) })
  }

  /** Cuts the connection without a word, as a client that vanished. */
  destroy (): void {
    this.#waiting = undefined
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open (): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    const parser = new ReplyParser((reply) => { this.#settle(reply) })
    socket.on('data', (chunk) => {
      try {
        parser.feed(chunk)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    const gone = (error: string) => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#settle({ error })
    }
    socket.on('error', (error) => { gone(error.message) })
    socket.on('close', () => { gone('connection closed') })
    return socket
  }

  #settle (outcome: Outcome): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(outcome)
  }
}
