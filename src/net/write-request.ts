import type { Socket } from 'node:net'
import type { RequestHead } from './request-head.ts'

/** Writes a request, with one call where its body is a text: each call costs as much as all the rest of a small request. */
export function writeRequest (socket: Socket, head: RequestHead, body: string | Buffer | undefined): void {
  if (body === undefined) socket.write(`${head.text}${head.method === 'POST' ? 'content-length: 0\r\n' : ''}\r\n`, 'latin1')
  else if (typeof body === 'string') {
    const bytes = Buffer.byteLength(body)
    // A text as long as its UTF-8 is ASCII, which is written the fastest in this encoding.
    socket.write(`${head.text}content-length: ${bytes}\r\n\r\n${body}`, bytes === body.length ? 'latin1' : 'utf8')
  } else {
    socket.cork()
    socket.write(`${head.text}content-length: ${body.length}\r\n\r\n`, 'latin1')
    socket.write(body)
    socket.uncork()
  }
}
