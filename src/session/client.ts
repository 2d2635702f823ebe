import type { JsonObject, JsonRpcId, Reply } from '../protocol/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { Era } from '../shared/era.ts'
import type { AskOptions } from './client-asks.ts'
import type { Exchange } from './exchange.ts'
import type { SessionEnd, SessionRoute } from './session.ts'

/** Something of a client's that its notifications/cancelled can name, or that ends with it. */
export interface CancellableCall {
  readonly clientId: JsonRpcId
  /** The HTTP request it came with. */
  readonly exchange: Exchange
  /** The operator wants it ended when that request's connection is lost (rulings 4). */
  readonly cancelOnDisconnect: boolean
  /** Must not throw. */
  cancel (reason: SessionEnd | 'client_cancelled' | 'deadline'): void
}

/**
 * Whoever a request came from, as bridges see it: a legacy session, or one modern request, which is all that a modern server
 * may know of its client. What belongs together belongs to one object, so bridges compare clients by identity (T20).
 */
export interface Client {
  readonly era: Era
  readonly principal: Principal
  readonly route: SessionRoute
  /** What it can be asked, in the spelling of `bridgedCapabilities`. */
  readonly capabilities: JsonObject
  /** The revision that it reads. */
  readonly revision: string
  /** Least severe log line it asked for; undefined = it did not say. */
  readonly logLevel: string | undefined
  readonly closed: boolean
  /** It was sent away with a question, and has not come back yet. */
  readonly isAway: boolean
  /** Can it be reached outside of a request right now? */
  readonly hasReader: boolean
  wantsLog (level: unknown): boolean
  /** The token under which it wants to hear of a call's progress now, when it began the call with `token`; undefined = not at all. */
  progressToken (token: string | number): string | number | undefined
  /** A message that belongs to no request. */
  notify (method: string, params: JsonObject | undefined): void
  /** A message of a request if `exchange` is given. */
  notifyOn (exchange: Exchange | undefined, method: string, params: JsonObject | undefined): void
  /** Puts a server's question to the client and waits; undefined = no answer came. Never rejects. */
  ask (method: string, params: JsonObject | undefined, exchange: Exchange | undefined, options: AskOptions): Promise<Reply | undefined>
  /** A server asked what this client did not declare. Only modern requests mind: theirs is answered so (MCP 2026-07-28, -32021). */
  cannotBeAsked? (method: string, params: JsonObject | undefined): void
  /** Of a modern request: who is told the level of this round, if it has one, and of every later one. */
  onLevel? (listener: (level: string) => void): void
  callBegan (call: CancellableCall): void
  callEnded (call: CancellableCall): void
}
