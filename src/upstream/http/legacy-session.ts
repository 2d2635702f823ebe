import { GatewayError } from '../../shared/errors.ts'
import { isJsonObject, isModernVersion, LATEST_LEGACY, type JsonObject } from '../../protocol/index.ts'
import { askOnce, type Answer } from './ask-once.ts'
import type { RequestHead } from '../../net/index.ts'
import type { Hop } from './hop.ts'
import { postHeaders, streamHeaders } from './request-headers.ts'
import type { Refusal } from './refusal-reply.ts'

/** What one handshake brought. Does not change; a server that forgets it gets a new one (FR12). */
export interface LegacySession {
  /** Mcp-Session-Id. Undefined: the server keeps no sessions. */
  readonly id: string | undefined
  /** InitializeResult as it came. */
  readonly result: JsonObject
  /** Of every POST in it. */
  readonly post: RequestHead
  /** Of every GET in it. */
  readonly stream: RequestHead
  /** Of the DELETE that ends it. */
  readonly farewell: RequestHead
  /** What the server said before it was connected. */
  readonly early: readonly JsonObject[]
}

/** What initialize over HTTP came to. */
export type Handshake =
  | { readonly kind: 'session', readonly session: LegacySession }
  /** The server does not take the request for an initialize of MCP. */
  | { readonly kind: 'refused', readonly refusal: Refusal | undefined, readonly reason: string }
  | { readonly kind: 'failed', readonly error: GatewayError }

/** Visible ASCII, as the specification has it, and no longer than a header may well be. */
const sessionIdShape = /^[\x21-\x7e]{1,1024}$/
const versionShape = /^[\x21-\x7e]{1,64}$/

/** `initialize` of MCP 2025-11-25 lifecycle. `notifications/initialized` is the connection's to send. Never rejects. */
export async function shakeHands (hop: Hop, capabilities: JsonObject, timeoutMs: number, signal?: AbortSignal): Promise<Handshake> {
  const params = { protocolVersion: LATEST_LEGACY, capabilities, clientInfo: hop.clientInfo }
  const answer = await askOnce(hop, { method: 'initialize', params, head: hop.outbound.head('POST', postHeaders(hop.headers)), timeoutMs, signal })
  switch (answer.kind) {
    case 'failed': return answer
    case 'refused': return { kind: 'refused', refusal: answer, reason: `initialize was refused with status ${answer.status}` }
    case 'foreign': return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_PROTOCOL', { reason: answer.reason }) }
    case 'reply': return sessionOf(hop, answer)
  }
}

function sessionOf (hop: Hop, { reply, sessionId, others }: Extract<Answer, { readonly kind: 'reply' }>): Handshake {
  if (reply.error !== undefined) return refusedBy(reply.error.code)
  const { result } = reply
  const version = isJsonObject(result) ? result['protocolVersion'] : undefined
  if (!isJsonObject(result) || typeof version !== 'string' || !versionShape.test(version) || isModernVersion(version)) return failed('initialize was answered without a version')
  if (sessionId !== undefined && !sessionIdShape.test(sessionId)) return failed('a session id that is none')
  const headers = sessionId === undefined ? ['mcp-protocol-version', version] : ['mcp-protocol-version', version, 'mcp-session-id', sessionId]
  return { kind: 'session', session: { id: sessionId, result, ...headsOf(hop, headers), early: others } }
}

function headsOf ({ outbound, headers }: Hop, own: readonly string[]): Pick<LegacySession, 'post' | 'stream' | 'farewell'> {
  const stream = streamHeaders(headers, ...own)
  return { post: outbound.head('POST', postHeaders(headers, ...own)), stream: outbound.head('GET', stream), farewell: outbound.head('DELETE', stream) }
}

/** Method not found, and no such version: the words of a server that has no handshake. */
function refusedBy (code: number): Handshake {
  if (code === -32601 || code === -32022) return { kind: 'refused', refusal: undefined, reason: `initialize was refused with ${code}` }
  return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_START', { reason: `initialize failed: ${code}` }) }
}

function failed (reason: string): Handshake {
  return { kind: 'failed', error: new GatewayError('GW_UPSTREAM_PROTOCOL', { reason }) }
}
