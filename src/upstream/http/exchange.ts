import { readJson } from '../../shared/read-json.ts'
import { isJsonObject, MAX_BATCH, readLargeAnswer, type JsonObject, type JsonRpcErrorBody } from '../../protocol/index.ts'
import type { AnswerHead, AnswerListener, Outbound, RequestHead, Sending } from '../../net/index.ts'
import { MAX_EVENT_BYTES, MAX_JSON_BYTES, MAX_REFUSAL_BYTES } from './caps.ts'
import { JsonBody } from './json-body.ts'
import { SseReader } from './sse-reader.ts'

/** How an exchange ended, unless it was aborted. */
export type ExchangeEnd =
  /** A 2xx answer came to its regular end. Of a stream that says nothing about what was in it. */
  | { readonly kind: 'complete' }
  /** Another status, and the JSON-RPC error of its body, if it has one. 3xx too: redirects are not followed. */
  | { readonly kind: 'refused', readonly status: number, readonly error: JsonRpcErrorBody | undefined, readonly id: unknown }
  /** It is not what the protocol allows, or more than is accepted; the connection was cut. */
  | { readonly kind: 'breach', readonly reason: string }
  /** The network, or the server, broke it off. */
  | { readonly kind: 'lost', readonly error: Error }

/** Hears what becomes of one HTTP exchange. */
export interface ExchangeListener {
  /** Bytes of the request begin to leave: from here on the server may have got it. */
  onSent (): void
  /** A JSON-RPC message of the body or of the stream. Must not throw. */
  onMessage (message: JsonObject): void
  /** Once, last, never after `abort`. Must not throw. */
  onEnd (end: ExchangeEnd): void
}

/** How an answer is read. */
export interface ExchangeOptions {
  /** Bytes of a stream over all its life; Infinity for streams that are as old as their connection. */
  readonly maxStreamBytes: number
  /** Only a stream is an answer: for GET. */
  readonly streamOnly?: boolean
}

/**
 * One HTTP request and its answer. Nothing of the answer but its messages, its status and, for initialize, its session id
 * goes on from here (T49).
 */
export class Exchange implements AnswerListener {
  readonly #listener: ExchangeListener
  readonly #options: ExchangeOptions
  #sending: Sending | undefined
  #ended = false
  #left: number
  #body: JsonBody | undefined
  #stream: SseReader | undefined
  /** 0 until the answer's head has come. */
  status = 0
  /** Mcp-Session-Id of the answer. */
  sessionId: string | undefined

  constructor (listener: ExchangeListener, options: ExchangeOptions) {
    this.#listener = listener
    this.#options = options
    this.#left = options.maxStreamBytes
  }

  get ended (): boolean { return this.#ended }
  /** Is the answer a stream? */
  get isStream (): boolean { return this.#stream !== undefined }
  get lastEventId (): string | undefined { return this.#stream?.lastEventId }
  get retryMs (): number | undefined { return this.#stream?.retryMs }

  /** Once. */
  send (outbound: Outbound, head: RequestHead, body?: string | Buffer): void {
    this.#sending = outbound.send(head, body, this)
    if (this.#ended) this.#sending.cancel()
  }

  /** Nobody is told; a connection under it is closed. */
  abort (): void {
    if (this.#ended) return
    this.#ended = true
    this.#sending?.cancel()
  }

  onSent (): void {
    if (!this.#ended) this.#listener.onSent()
  }

  onHead (head: AnswerHead): void {
    if (this.#ended) return
    const { status } = head
    this.status = status
    this.sessionId = head.get('mcp-session-id')
    const encoding = head.get('content-encoding')
    // Not asked for, so somebody wants something unpacked (T48).
    if (encoding !== undefined && encoding !== 'identity') return this.#breach('an encoded answer')
    const contentType = head.get('content-type') ?? ''
    if (status >= 300) this.#body = new JsonBody(MAX_REFUSAL_BYTES)
    else if (isMediaType(contentType, 'text/event-stream')) this.#stream = new SseReader(MAX_EVENT_BYTES, (data, type) => { this.#event(data, type) })
    else if (isMediaType(contentType, 'application/json') && this.#options.streamOnly !== true) this.#body = new JsonBody(MAX_JSON_BYTES, head.get('content-length'))
    else this.#breach(`an answer with status ${status} and an unexpected type`)
  }

  onData (chunk: Buffer): void {
    if (this.#ended) return
    if (this.#stream !== undefined) {
      this.#left -= chunk.length
      if (this.#left < 0) this.#breach('a stream without end')
      else if (!this.#stream.push(chunk)) this.#breach('an event that is too large')
    } else if (this.#body?.push(chunk) === false) {
      if (this.status >= 300) this.#cut({ kind: 'refused', status: this.status, error: undefined, id: undefined })
      else this.#breach('an answer that is too large')
    }
  }

  onEnd (): void {
    if (this.#ended) return
    if (this.status >= 300) return this.#end(refusalOf(this.status, this.#body?.text() ?? ''))
    if (this.#body !== undefined && !this.#deliverBody(this.#body)) return this.#end({ kind: 'breach', reason: 'an answer that is no JSON-RPC message' })
    this.#end({ kind: 'complete' })
  }

  onLost (error: Error): void {
    this.#end({ kind: 'lost', error })
  }

  #event (data: string, type: string): void {
    // Events of other types are none of MCP's; an event of an id and no data is where to resume (SEP-1699).
    if (this.#ended || data === '' || (type !== '' && type !== 'message')) return
    if (!this.#deliver(data)) this.#breach('an event that is no JSON-RPC message')
  }

  #deliverBody (body: JsonBody): boolean {
    const bytes = body.largeBytes()
    const answer = bytes && readLargeAnswer(bytes)
    if (answer === undefined) return this.#deliver(bytes?.toString() ?? body.text())
    this.#listener.onMessage(answer)
    return true
  }

  /** Servers of 2025-03-26 may write several messages as one array. */
  #deliver (text: string): boolean {
    let value: unknown
    try {
      value = readJson(text)
    } catch {
      return false
    }
    if (isJsonObject(value)) {
      this.#listener.onMessage(value)
      return true
    }
    if (!Array.isArray(value) || value.length > MAX_BATCH || !value.every(isJsonObject)) return false
    for (const message of value) if (!this.#ended) this.#listener.onMessage(message)
    return true
  }

  #breach (reason: string): void {
    this.#cut({ kind: 'breach', reason })
  }

  #cut (end: ExchangeEnd): void {
    if (this.#ended) return
    this.#sending?.cancel()
    this.#end(end)
  }

  #end (end: ExchangeEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#listener.onEnd(end)
  }
}

function isMediaType (contentType: string, wanted: string): boolean {
  if (contentType === wanted) return true
  const end = contentType.indexOf(';')
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase() === wanted
}

function refusalOf (status: number, text: string): ExchangeEnd {
  const { error, id } = errorIn(text)
  return { kind: 'refused', status, error, id }
}

function errorIn (text: string): { error: JsonRpcErrorBody | undefined, id: unknown } {
  try {
    const value: unknown = readJson(text)
    const error = isJsonObject(value) ? value['error'] : undefined
    if (isJsonObject(value) && isJsonObject(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string') {
      return { error: error as unknown as JsonRpcErrorBody, id: value['id'] }
    }
  } catch {
    // Pages of proxies and the like say nothing here.
  }
  return { error: undefined, id: undefined }
}
