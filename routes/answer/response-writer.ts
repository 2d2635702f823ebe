import type { ServerResponse } from 'node:http'
import { SSE_KEEPALIVE } from '../../src/protocol/index.ts'
import type { StreamWriter } from '../../src/session/index.ts'

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

  constructor (raw: ServerResponse) {
    this.#raw = raw
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
const open = new Set<ServerResponse>()
let timer: NodeJS.Timeout | undefined

/** Sends comments on this response from now on. Returns what has to be called once it is closed. */
export function keepAlive (raw: ServerResponse): () => void {
  open.add(raw)
  timer ??= setInterval(sendKeepAlives, KEEPALIVE_MS).unref()
  return () => {
    open.delete(raw)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function sendKeepAlives (): void {
  for (const raw of open) {
    // A reader that is behind has other things to read first.
    if (!raw.writableEnded && raw.writableLength === 0) raw.write(SSE_KEEPALIVE)
  }
}

/** Number of open SSE responses, for the metric. */
export function openStreams (): number {
  return open.size
}
