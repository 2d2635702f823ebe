import type { JsonObject } from '../protocol/index.ts'
import type { Era } from '../shared/era.ts'
import type { AskId } from './server-asks.ts'
import type { UpstreamCall, UpstreamSubscription } from './types.ts'

/** Closed set: metric label `kind` of worker_protocol_error_total, as far as it is seen here. */
export type ConnectionFault = 'unknown_id' | 'late_reply' | 'malformed_reply' | 'malformed_message' | 'unusable_tool'

/** Our own hop, as the eras' ways to speak see it. */
export interface Hop {
  /** One message to the server; 'closed' when it is gone. */
  send (text: string): 'sent' | 'full' | 'closed'
  /** A request id that nothing on this connection ever had or gets again. */
  mintId (): number
  /** Nobody waits for this id any more: an answer under it is neither forged nor a fault. */
  giveUp (id: number): void
  fault (kind: ConnectionFault): void
  /** Something of ours threw where nobody can be told. */
  thrown (thrown: unknown): void
}

/** What differs between the eras on a wire, once the era is settled. */
export interface Speech {
  readonly era: Era
  /** The params of a call as they are sent. */
  paramsOf (call: UpstreamCall, id: number): JsonObject | undefined
  /** A request without effect, to see whether the server still lives. */
  readonly liveness: { readonly method: string, readonly params: JsonObject | undefined }
  /** A request by the server. */
  receiveRequest (id: AskId, method: string, params: JsonObject | undefined): void
  /** All notifications but progress. */
  receiveNotification (method: string, params: JsonObject | undefined): void
  /** An answer that belongs to no call: true if it was waited for here. */
  receiveReply (id: unknown): boolean
  listen? (subscription: UpstreamSubscription): { close (): void }
  /** The connection ends: what the server asked and what is listened for is over. Its calls are answered after this. */
  drop (): void
  /** The connection has ended, and its calls were answered. */
  end (): void
}
