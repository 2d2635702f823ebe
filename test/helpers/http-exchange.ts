import { request, type Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestOverTls } from 'node:https'
import { createSseParser, type SseEvent } from './sse-parser.ts'

export interface ExchangeOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** A string or bytes are sent as they are; anything else as JSON with a JSON content type (unless one is given). */
  readonly body?: unknown
  /** One of node:https for https URLs; it says which certificate is trusted. */
  readonly agent?: Agent
  readonly signal?: AbortSignal
  /** Sends the body in pieces of this many bytes, each its own write (multi-byte text across chunk borders). */
  readonly chunkBytes?: number
}

/** A response whose headers are here and whose body may still be arriving: nothing hidden, nothing retried. */
export interface Exchange {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly isSse: boolean
  /** Body so far; the whole body once `ended` has settled. */
  body (): string
  /** Events so far, comments and priming events included. */
  readonly events: readonly SseEvent[]
  /** JSON-RPC messages so far: one per SSE event with data, or those of a JSON body once it is whole. */
  messages (): JsonRpc[]
  /** Settles with how the body ended. Never rejects. */
  readonly ended: Promise<'complete' | 'cut'>
  /** Waits for the first message that fits, in order of arrival, past ones included. */
  next (what: string, fits: (message: JsonRpc) => boolean, deadlineMs?: number): Promise<JsonRpc>
  nextEvent (what: string, fits: (event: SseEvent) => boolean, deadlineMs?: number): Promise<SseEvent>
  /** Breaks the connection, as a client that vanishes. */
  cut (): void
}

/** A JSON-RPC message as tests look at it. */
export interface JsonRpc {
  readonly jsonrpc?: string
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number, readonly message: string, readonly data?: unknown }
}

/** Sends one HTTP request and resolves as soon as the response's headers are here. Rejects on a transport error before that. */
export function exchange (url: string | URL, options: ExchangeOptions = {}): Promise<Exchange> {
  const body = bytesOf(options.body)
  const headers: Record<string, string | string[]> = {}
  if (body !== undefined && !(options.body instanceof Uint8Array) && typeof options.body !== 'string') headers['content-type'] = 'application/json'
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = typeof value === 'string' ? value : [...value]
  return new Promise((resolve, reject) => {
    const begin = new URL(url).protocol === 'https:' ? requestOverTls : request
    const outgoing = begin(url, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: body === undefined || options.chunkBytes !== undefined ? headers : { ...headers, 'content-length': String(body.length) },
      ...(options.agent ? { agent: options.agent } : {}),
      ...(options.signal ? { signal: options.signal } : {})
    }, (response) => resolve(watch(response)))
    outgoing.on('error', (error) => {
      if (outgoing.reusedSocket) onKept.add(error)
      reject(error)
    })
    if (body === undefined) outgoing.end()
    else if (options.chunkBytes === undefined) outgoing.end(body)
    else sendInPieces(outgoing, body, options.chunkBytes)
  })
}

/** Errors of requests that went over a connection which had been used before. */
const onKept = new WeakSet<Error>()

/** Was a kept connection reset before any answer? It may have ended as the request was written, so that nobody has read it. */
export function wasKept (error: unknown): boolean {
  return error instanceof Error && onKept.has(error) && ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** Sends one request and waits for the whole body. */
export async function send (url: string | URL, options: ExchangeOptions = {}): Promise<Exchange> {
  const answer = await exchange(url, options)
  await answer.ended
  return answer
}

function bytesOf (body: unknown): Uint8Array | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function sendInPieces (outgoing: ReturnType<typeof request>, body: Uint8Array, chunkBytes: number): void {
  let offset = 0
  const step = (): void => {
    if (offset >= body.length) {
      outgoing.end()
      return
    }
    outgoing.write(body.subarray(offset, offset + chunkBytes), () => setImmediate(step))
    offset += chunkBytes
  }
  step()
}

function watch (response: IncomingMessage): Exchange {
  const isSse = (response.headers['content-type'] ?? '').startsWith('text/event-stream')
  const events: SseEvent[] = []
  const lookers = new Set<() => void>()
  const lookAgain = (): void => { for (const look of lookers) look() }
  let text = ''
  let over = false
  const parse = createSseParser((event) => events.push(event))
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    if (isSse) parse(chunk)
    lookAgain()
  })
  const ended = new Promise<'complete' | 'cut'>((resolve) => {
    response.on('error', () => {})
    response.on('close', () => {
      over = true
      lookAgain()
      resolve(response.complete ? 'complete' : 'cut')
    })
  })
  const messages = (): JsonRpc[] => isSse
    ? events.filter((event) => /^[{[]/.test(event.data ?? '')).flatMap((event) => JSON.parse(event.data ?? '') as JsonRpc | JsonRpc[])
    : over && text !== '' ? [JSON.parse(text) as JsonRpc | JsonRpc[]].flat() : []
  const wait = <T> (what: string, find: () => T | undefined, deadlineMs = 10_000): Promise<T> => new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      lookers.delete(look)
      clearTimeout(timer)
      act()
    }
    const look = (): void => {
      const found = find()
      if (found !== undefined) settle(() => resolve(found))
      else if (over) settle(() => reject(new Error(`${what}: the answer ended without it (${response.statusCode}: ${text.slice(0, 500)})`)))
    }
    const timer = setTimeout(() => settle(() => reject(new Error(`${what}: not within ${deadlineMs} ms (${response.statusCode}: ${text.slice(0, 500)})`))), deadlineMs)
    lookers.add(look)
    look()
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    isSse,
    body: () => text,
    events,
    messages,
    ended,
    next: (what, fits, deadlineMs) => wait(what, () => messages().find(fits), deadlineMs),
    nextEvent: (what, fits, deadlineMs) => wait(what, () => events.find(fits), deadlineMs),
    cut: () => response.destroy()
  }
}
