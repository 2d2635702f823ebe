import type { ServerResponse } from 'node:http'
import { SSE_KEEPALIVE } from '../../src/protocol/index.ts'
import type { StreamWriter } from '../../src/session/index.ts'
import type { Principal } from '../../src/shared/principal.ts'

/**
 * What a reader may leave unread before its response is cut; the events stay in the session's log (FR40). Looked at before a
 * frame is written, so that a frame of any size reaches a reader that keeps up.
 */
const MAX_UNREAD_BYTES = 1_048_576
/** A comment this often keeps NATs and proxies from closing a quiet stream (FR43). */
const KEEPALIVE_MS = 15_000

/** One open SSE response. */
export class ResponseWriter implements StreamWriter {
  readonly #raw: ServerResponse
  /** By whose credential it was opened. */
  readonly principal: Principal | undefined
  /** Called when that credential is revoked. Default: the response ends. */
  onRevoked: () => void = () => { this.end() }

  constructor (raw: ServerResponse, principal: Principal | undefined) {
    this.#raw = raw
    this.principal = principal
  }

  /** A comment, if nothing else waits to be read. */
  keepAlive (): void {
    const raw = this.#raw
    // A reader that is behind has other things to read first.
    if (!raw.writableEnded && raw.writableLength === 0) raw.write(SSE_KEEPALIVE)
  }

  write (frame: string): boolean {
    const raw = this.#raw
    if (raw.destroyed || raw.writableEnded) return false
    if (raw.writableLength > MAX_UNREAD_BYTES) {
      raw.destroy()
      return false
    }
    raw.write(frame)
    return true
  }

  end (): void {
    if (!this.#raw.writableEnded) this.#raw.end()
  }
}

/** All open streams of the process share one keep-alive timer. */
const open = new Set<ResponseWriter>()
let timer: NodeJS.Timeout | undefined

/** Sends comments on this response from now on. Returns what has to be called once it is closed. */
export function keepAlive (writer: ResponseWriter): () => void {
  open.add(writer)
  timer ??= setInterval(sendKeepAlives, KEEPALIVE_MS).unref()
  return () => {
    open.delete(writer)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function sendKeepAlives (): void {
  for (const writer of open) writer.keepAlive()
}

/** Number of open SSE responses, for the metric. */
export function openStreams (): number {
  return open.size
}

/** How long a request may still begin a stream after its credential was looked at: its body has 30 s to arrive. */
const BEGINNING_MS = 35_000
/** Whose streams were ended in that time. */
const ended: Array<(principal: Principal) => boolean> = []

/** Ends all streams of these principals: those that are open, and those of requests that were let in before. */
export function endStreamsOf (match: (principal: Principal) => boolean): void {
  ended.push(match)
  setTimeout(() => { ended.shift() }, BEGINNING_MS).unref()
  for (const writer of [...open]) if (writer.principal !== undefined && match(writer.principal)) writer.onRevoked()
}

/** Was the credential of this stream revoked while its request was on the way? */
export function isEnded ({ principal }: ResponseWriter): boolean {
  return ended.length > 0 && principal !== undefined && ended.some((match) => match(principal))
}
