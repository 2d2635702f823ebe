import type { ServerName, TenantId, UserId } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings.ts'
import type { JsonObject, Reply } from '../protocol/index.ts'

/** Why a call was cancelled: goes to the server as `reason` and to the audit line. */
export type CancelReason = 'client_cancelled' | 'client_disconnected' | 'deadline' | 'session_closed' | 'draining'

/**
 * One request on its way to a server. The caller of {@link Connection.call} makes it; the connection keeps it until
 * `onReply`, which happens exactly once, whatever becomes of the server.
 */
export interface UpstreamCall {
  readonly method: string
  /** Sent by reference; a progress token in `_meta` is added by the connection when `onProgress` is set. */
  readonly params: JsonObject | undefined
  /** Milliseconds until 50401; progress restarts it, `maxTimeoutMs` after the start it ends anyway. */
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
  /**
   * Who asked. Opaque here; the bridge uses it to find the right client for what the server asks. Undefined = the gateway
   * itself: nothing can be asked during such a call, so `interactive: true` lets it run beside another one.
   */
  readonly origin: unknown
  /** Set when the client sent a progress token. Gets the params with the token of our own hop still in them. */
  onProgress?: (params: JsonObject) => void
  /** Must not throw. */
  onReply (reply: Reply): void
}

/** A call in flight. */
export interface CallHandle {
  readonly call: UpstreamCall
  /** Has the server got it? Not while it waits for its turn (`interactive: true`). */
  readonly sent: boolean
  /** Sends notifications/cancelled, answers `onReply` with GW_CANCELLED (or the deadline row). Idempotent, late-safe (FR10). */
  cancel (reason: CancelReason): void
  /** The server is waiting for a person: the deadline stands still until the same number of `resume`s. */
  pause (): void
  resume (): void
}

/** What a connection hands over that is no answer to a call. Implemented by the bridge. */
export interface ConnectionPeer {
  /** A request by the server. `signal` aborts when the server cancels it or the connection ends. */
  onRequest (method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<Reply>
  onNotification (method: string, params: JsonObject | undefined): void
  /** The connection has ended; its calls were answered already. */
  onEnd (): void
}

/** Calls of one connection. */
export interface CallSet extends Iterable<CallHandle> { readonly size: number }

/** An initialized MCP server, of whatever transport. */
export interface Connection {
  readonly server: ServerName
  /** The server's InitializeResult as it came. */
  readonly initializeResult: JsonObject
  readonly open: boolean
  readonly openedAtMs: number
  /** Process id of a stdio worker, for status and logs. */
  readonly pid: number | undefined
  /** Calls in flight, oldest first. */
  readonly inFlight: CallSet
  /** Calls that were given up a moment ago, and that the server may still be at: what it asks or says now may be about them. */
  readonly lingering: CallSet
  call (call: UpstreamCall): CallHandle
  notify (method: string, params?: JsonObject): void
  /** Ends the server; calls in flight are answered with GW_UPSTREAM_LOST. Resolves when it is gone. */
  close (): Promise<void>
}

/** For whom a connection is wanted: the worker key is made of this and of nothing else (rulings 1, T19). */
export interface ConnectionRequest {
  readonly server: ServerSettings
  readonly tenant: TenantId
  readonly user: UserId
  /** What the client declared, already reduced to what may be declared upstream for this server. */
  readonly capabilities: JsonObject
  /** Isolation `session`: the session's id, or undefined for a caller without one, who is keyed as `user`. */
  readonly sessionKey: string | undefined
}

/** Live numbers of one connection for /status. */
export interface ConnectionStatus {
  readonly server: ServerName
  readonly tenant: TenantId | undefined
  readonly user: UserId | undefined
  readonly state: 'starting' | 'running'
  readonly pid: number | undefined
  readonly inFlight: number
  readonly idleMs: number
}
