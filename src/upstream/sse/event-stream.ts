import { GatewayError, type ErrorCode } from '../../shared/errors.ts'
import { OutboundError, type AnswerHead, type AnswerListener, type Outbound, type RequestHead, type Sending } from '../../net/index.ts'
import { CredentialError } from '../credentials/credential-error.ts'
import { MAX_EVENT_BYTES } from '../http/caps.ts'
import { isTrouble } from '../http/refusal-reply.ts'
import { SseReader } from '../http/sse-reader.ts'

/** Hears what comes on one event stream. */
export interface EventStreamListener {
  /** Anything came, be it a comment. */
  onActivity (): void
  /** Must not throw. */
  onEvent (data: string, type: string): void
  /** Once, last: the server, the network or an event larger than is read ended it. */
  onEnd (): void
}

/**
 * Opens the GET stream of an HTTP+SSE server. It has no end of its own: it is as old as its connection, and who listens
 * watches its silence (T48), and destroys the outbound to cut it.
 * @throws GatewayError GW_UPSTREAM_AUTH (401, 403), GW_UPSTREAM_UNAVAILABLE (no connection, 5xx and the like), GW_UPSTREAM_START
 * (no event stream there)
 */
export async function openEventStream (outbound: Outbound, head: RequestHead, listener: EventStreamListener): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stream = new EventStream(listener, resolve, reject)
    stream.sending = outbound.send(head, undefined, stream)
  })
}

class EventStream implements AnswerListener {
  readonly #listener: EventStreamListener
  readonly #reader: SseReader
  readonly #onOpen: () => void
  readonly #onRefused: (error: GatewayError) => void
  #isOpen = false
  sending: Sending | undefined

  constructor (listener: EventStreamListener, onOpen: () => void, onRefused: (error: GatewayError) => void) {
    this.#listener = listener
    this.#reader = new SseReader(MAX_EVENT_BYTES, (data, type) => { listener.onEvent(data, type) })
    this.#onOpen = onOpen
    this.#onRefused = onRefused
  }

  onSent (): void {}

  onHead (head: AnswerHead): void {
    const refusal = refusalOf(head)
    this.#isOpen = refusal === undefined
    if (refusal === undefined) return this.#onOpen()
    this.sending?.cancel()
    this.#onRefused(refusal)
  }

  onData (piece: Buffer): void {
    this.#listener.onActivity()
    if (this.#reader.push(piece)) return
    this.sending?.cancel()
    this.#listener.onEnd()
  }

  onEnd (): void { this.#listener.onEnd() }

  onLost (error: Error): void {
    if (this.#isOpen) this.#listener.onEnd()
    else if (error instanceof CredentialError) this.#onRefused(new GatewayError(error.code, { reason: error.message }, error))
    else this.#onRefused(new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: error instanceof OutboundError ? error.reason : `no answer to GET: ${error.message}` }, error))
  }
}

function refusalOf (head: AnswerHead): GatewayError | undefined {
  const { status } = head
  if (status !== 200) return new GatewayError(codeOf(status), { reason: `GET was answered with status ${status}` })
  if (!/^\s*text\/event-stream\s*(?:;|$)/i.test(head.get('content-type') ?? '')) return new GatewayError('GW_UPSTREAM_START', { reason: 'GET was answered with something else than an event stream' })
  const encoding = head.get('content-encoding')
  // Not asked for, so somebody wants something unpacked (T48).
  if (encoding !== undefined && encoding !== 'identity') return new GatewayError('GW_UPSTREAM_START', { reason: 'GET was answered with an encoded stream' })
  return undefined
}

function codeOf (status: number): ErrorCode {
  if (status === 401 || status === 403) return 'GW_UPSTREAM_AUTH'
  return isTrouble(status) ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_START'
}
