import type { Writable } from 'node:stream'
import { safeLine } from './safe-line.ts'

/** Bounds on what waits for a pipe that is full (FR09). */
export interface StdinBounds {
  readonly maxBytes: number
  readonly maxMessages: number
}

/** 1 MB and 1 024 messages per worker (FR09). */
export const STDIN_BOUNDS: StdinBounds = { maxBytes: 1024 * 1024, maxMessages: 1024 }

/** The way into one process. */
export interface StdinQueue {
  /** See Worker.send. */
  send (text: string): 'sent' | 'full' | 'closed'
  /** Writes what is queued, then closes the stream. Later texts are 'closed'. */
  end (): void
  /** Forgets what is queued: the process is gone. */
  drop (): void
}

/**
 * Gathers the texts of one event-loop turn and writes them at once: at load a system call carries many messages. At
 * most one write is under way; while the pipe has not taken it, texts wait up to the bounds, then are refused. A single
 * text larger than the bound passes when nothing else waits.
 */
export function createStdinQueue (stream: Writable, bounds: StdinBounds = STDIN_BOUNDS): StdinQueue {
  let waiting: string[] = []
  let waitingBytes = 0
  let flying = { messages: 0, bytes: 0 }
  let scheduled = false
  let closed = false

  function send (text: string): 'sent' | 'full' | 'closed' {
    if (closed) return 'closed'
    const bytes = Buffer.byteLength(text) + 1
    if (isOver(bytes)) {
      flush()
      if (isOver(bytes)) return closed ? 'closed' : 'full'
    }
    waiting.push(safeLine(text, bytes - 1))
    waitingBytes += bytes
    if (!scheduled && flying.messages === 0) {
      scheduled = true
      setImmediate(onTurnEnd)
    }
    return 'sent'
  }

  function isOver (bytes: number): boolean {
    const messages = waiting.length + flying.messages
    if (messages === 0) return false
    return messages >= bounds.maxMessages || waitingBytes + flying.bytes + bytes > bounds.maxBytes
  }

  function onTurnEnd (): void {
    scheduled = false
    flush()
  }

  function flush (): void {
    if (flying.messages > 0 || waiting.length === 0 || stream.destroyed) return
    const text = waiting.length === 1 ? `${waiting[0]}\n` : `${waiting.join('\n')}\n`
    flying = { messages: waiting.length, bytes: waitingBytes }
    waiting = []
    waitingBytes = 0
    stream.write(text, onTaken)
    // The kernel mostly takes it at once; the callback would say so only after this turn.
    if (stream.writableLength === 0) flying = { messages: 0, bytes: 0 }
  }

  function onTaken (): void {
    if (flying.messages === 0 || stream.writableLength > 0) return
    flying = { messages: 0, bytes: 0 }
    flush()
  }

  function end (): void {
    if (closed) return
    closed = true
    if (waiting.length > 0) stream.write(`${waiting.join('\n')}\n`)
    waiting = []
    stream.end()
  }

  function drop (): void {
    closed = true
    waiting = []
    waitingBytes = 0
  }

  return { send, end, drop }
}
