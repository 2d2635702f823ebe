import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What came back on one connection, byte for byte. */
export interface RawAnswer {
  readonly text: string
  /** Status codes in order; 1xx included. */
  readonly statuses: readonly number[]
  /** Did the other side close, or was the deadline first? */
  readonly closed: boolean
}

/**
 * Sends bytes on a connection of their own and collects everything until the other side closes.
 * @param pieces written one after the other, each once the one before is flushed; a function waits for what came so far
 */
export async function rawSend (port: number, pieces: string | readonly string[], deadlineMs = 5000): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  const over = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => { resolve(false) }, deadlineMs)
    socket.on('error', () => { /* A reset ends it like a close. */ })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
  for (const piece of typeof pieces === 'string' ? [pieces] : pieces) await write(socket, piece)
  const closed = await over
  socket.destroy()
  return { text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1])), closed }
}

function write (socket: Socket, piece: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.write(Buffer.from(piece, 'latin1'), () => { resolve() })
  })
}
