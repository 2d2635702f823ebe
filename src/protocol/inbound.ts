import type { ErrorCode } from '../shared/errors.ts'
import type { JsonObject, JsonRpcId, Reply } from './message.ts'

/** A request: it is owed exactly one answer. */
export interface InboundRequest {
  readonly kind: 'request'
  readonly id: JsonRpcId
  readonly method: string
  readonly params: JsonObject | undefined
}

/** A notification: it is owed nothing. */
export interface InboundNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject | undefined
}

/** A client's answer to something a server asked. */
export interface InboundResponse {
  readonly kind: 'response'
  readonly id: JsonRpcId
  readonly reply: Reply
}

/** An element of a batch that is no message. */
export interface InboundInvalid {
  readonly kind: 'invalid'
  /** The element's id where it has a valid one. */
  readonly id: JsonRpcId | null
  readonly code: Extract<ErrorCode, 'GW_PROTOCOL_SHAPE'>
  /** From a closed set; for the log. */
  readonly reason: string
}

/** A well-formed message. */
export type InboundMessage = InboundRequest | InboundNotification | InboundResponse

/** A message as it was classified, once, for all rooms. */
export type Inbound = InboundMessage | InboundInvalid
