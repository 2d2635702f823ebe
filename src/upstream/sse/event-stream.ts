import type { Readable } from 'node:stream'
import { GatewayError, type ErrorCode } from '../../shared/errors.ts'
import { OutboundError, type Outbound } from '../../net/index.ts'
import { MAX_EVENT_BYTES } from '../http/caps.ts'
import { isTrouble } from '../http/refusal-reply.ts'
import { SseReader } from '../http/sse-reader.ts'

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
 * watches its silence (T48).
 * @returns what cuts it
 * @throws GatewayError GW_UPSTREAM_AUTH (401, 403), GW_UPSTREAM_UNAVAILABLE (no connection, 5xx and the like), GW_UPSTREAM_START
 * (no event stream there)
 */
export async function openEventStream (outbound: Outbound, headers: string[], listener: EventStreamListener): Promise<() => void> {
  const body = await answerOf(outbound, headers)
  const reader = new SseReader(MAX_EVENT_BYTES, (data, type) => { listener.onEvent(data, type) })
  body.on('data', (chunk: Buffer) => {
    listener.onActivity()
    if (!reader.push(chunk)) body.destroy()
  })
  // 'close' tells the end, whatever it was.
  body.on('error', () => {})
  body.once('close', () => { listener.onEnd() })
  return () => { body.destroy() }
}

async function answerOf (outbound: Outbound, headers: string[]): Promise<Readable> {
  const { statusCode, headers: answered, body } = await outbound.dispatcher.request({ path: outbound.path, method: 'GET', headers }).catch((thrown: unknown) => {
    throw unreachable(thrown)
  })
  const refusal = refusalOf(statusCode, String(answered['content-type'] ?? ''), answered['content-encoding'])
  if (refusal === undefined) return body
  body.on('error', () => {})
  body.destroy()
  throw refusal
}

function unreachable (thrown: unknown): GatewayError {
  const reason = thrown instanceof OutboundError ? thrown.reason : `no answer to GET: ${String(thrown)}`
  return new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason }, thrown)
}

function refusalOf (status: number, contentType: string, encoding: unknown): GatewayError | undefined {
  if (status !== 200) return new GatewayError(codeOf(status), { reason: `GET was answered with status ${status}` })
  if (!/^\s*text\/event-stream\s*(?:;|$)/i.test(contentType)) return new GatewayError('GW_UPSTREAM_START', { reason: 'GET was answered with something else than an event stream' })
  // Not asked for, so somebody wants something unpacked (T48).
  if (encoding !== undefined && encoding !== 'identity') return new GatewayError('GW_UPSTREAM_START', { reason: 'GET was answered with an encoded stream' })
  return undefined
}

function codeOf (status: number): ErrorCode {
  if (status === 401 || status === 403) return 'GW_UPSTREAM_AUTH'
  return isTrouble(status) ? 'GW_UPSTREAM_UNAVAILABLE' : 'GW_UPSTREAM_START'
}
