import { connect, type Socket } from 'node:net'
import { ChunkDecoder } from './chunk-decoder.ts'

/** A GET whose answer is an endless stream of server-sent events. */
export interface EventStream {
  readonly close: () => void
}

export interface EventStreamOrder {
  readonly port: number
  readonly path: string
  /** Header lines, each with its line end. */
  readonly headers: string
  /** One complete event: its `event` name (default `message`) and its data. */
  readonly onEvent: (name: string, data: string) => void
}

/** Opens the stream. Resolves when its headers came; rejects on a status other than 200. */
export function openEventStream ({ port, path, headers, onEvent }: EventStreamOrder): Promise<EventStream> {
  const { promise, resolve, reject } = Promise.withResolvers<EventStream>()
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const events = createEventReader(onEvent)
  const chunks = new ChunkDecoder(events)
  let head: Buffer | undefined = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    if (head === undefined) return chunks.feed(bytes)
    head = Buffer.concat([head, bytes])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) return
    const status = head.toString('latin1', 9, 12)
    if (status !== '200') reject(new Error(`GET ${path}: HTTP ${status}`))
    const rest = head.subarray(end + 4)
    head = undefined
    resolve({ close: () => { socket.destroy() } })
    chunks.feed(rest)
  })
  socket.on('error', reject)
  socket.on('close', () => { reject(new Error(`GET ${path}: connection closed`)) })
  socket.write(`GET ${path} HTTP/1.1\r\n${headers}Accept: text/event-stream\r\n\r\n`)
  return promise
}

/** Splits text into events at empty lines. */
function createEventReader (onEvent: EventStreamOrder['onEvent']): (content: Buffer) => void {
  let rest = ''
  return (content) => {
    const blocks = (rest + content.toString('utf8')).replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => block.split('\n').filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join('\n')
      const data = field('data')
      if (data !== '') onEvent(field('event') || 'message', data)
    }
  }
}
