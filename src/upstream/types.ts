import type { ServerName, TenantId, UserId } from '../shared/ids.ts'
import type { Era } from '../shared/era.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { JsonObject, MirroredParam, Reply } from '../protocol/index.ts'

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
  /** What the client can be asked during this call: declared to modern servers with it. Absent = nothing. Legacy servers were told at initialize. */
  readonly capabilities?: JsonObject | undefined
  /** Least severe log line wanted during this call, for modern servers. Absent = none. */
  readonly logLevel?: string | undefined
  /** Arguments of a tool that modern HTTP servers want mirrored in Mcp-Param-* headers (SEP-2243). */
  readonly mirrored?: readonly MirroredParam[] | undefined
  /** The operator says that it may run twice: it may be sent again after a lost answer (FR11). Absent = as its method says. */
  readonly repeatable?: boolean
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
  /**
   * A request by the server. `signal` aborts when the server cancels it or the connection ends. `about` is the call on whose
   * stream it came, where the transport tells (Streamable HTTP); undefined = nobody knows.
   */
  onRequest (method: string, params: JsonObject | undefined, signal: AbortSignal, about?: UpstreamCall): Promise<Reply>
  /** Everything but progress and cancellation, which the connection handles itself. */
  onNotification (method: string, params: JsonObject | undefined, about?: UpstreamCall): void
  /**
   * A legacy server had forgotten its session, and a new one stands in its place (FR12): what was set on the old one, such as
   * log level and subscriptions, has to be set again, before calls go on. Or a modern one offers something else than before.
   */
  onReset? (): void
  /** The connection has ended; its calls were answered already. */
  onEnd (): void
}

/** Calls of one connection. */
export interface CallSet extends Iterable<CallHandle> { readonly size: number }

/** An initialized MCP server, of whatever transport. */
export interface Connection {
  readonly server: ServerName
  /** How the server is spoken to; does not change during the connection's life. */
  readonly era: Era
  /**
   * The server's InitializeResult as it came. Of a modern server: its DiscoverResult put into the same form, `protocolVersion`
   * being the modern revision and `serverInfo` the one of its `_meta`. Over HTTP it may become another one, with `onReset`.
   */
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
  /** To a legacy server; modern ones are sent no notifications, and this does nothing. */
  notify (method: string, params?: JsonObject): void
  /** subscriptions/listen of a modern server. Absent on legacy connections: there news come unasked, or by resources/subscribe. */
  listen? (subscription: UpstreamSubscription): { close (): void }
  /** What replacing the process between calls needs (FR08). Absent where there is no process. */
  readonly usage?: ConnectionUsage
  /**
   * Asks the server something of our own that has no effect, whether or not callers may (FR14). Resolves with false when it is not
   * reached or does not answer; a refusal is an answer. Absent where the end of the server is noticed by itself.
   */
  alive? (timeoutMs: number): Promise<boolean>
  /** Ends the server; calls in flight are answered with GW_UPSTREAM_LOST. Resolves when it is gone. */
  close (): Promise<void>
}

/** How much a process was used, and its way out of use. */
export interface ConnectionUsage {
  /** Calls that have begun since it was greeted. */
  readonly calls: number
  /** Calls `look` when that many calls have begun; in place of what was wished for before. */
  lookAt (calls: number, look: () => void): void
  /** The connection is not `open` any more, so that nobody begins anything on it; calls in flight go on to their end. */
  retire (): void
  /** Calls `done` when no call is in flight: now, or at the end of the last one. In place of what was wished for before. */
  whenIdle (done: () => void): void
}

/** One subscriptions/listen towards a modern server (MCP 2026-07-28 subscriptions). */
export interface UpstreamSubscription {
  /** `params.notifications` as the specification has it. */
  readonly notifications: JsonObject
  /** The server says which part it honours; at most once, and before any notification. */
  onAcknowledged (honoured: JsonObject): void
  /** A change, with the `_meta` of our own hop taken off. */
  onNotification (method: string, params: JsonObject | undefined): void
  /** It is over: refused, ended by the server, or lost with the connection. Not after `close`. */
  onEnd (): void
}

/** What is known of the eras that servers speak; per effective entry, with a date (MCP 2026-07-28 versioning). */
export interface EraVerdicts {
  /** Eras to try, in this order: the pinned one; else those that it is not known to lack, the client's first. Never empty. */
  order (server: ServerSettings, wanted: Era): readonly Era[]
  /** It was spoken to in this era with success. */
  speaks (server: ServerSettings, era: Era): void
  /** It refused this era as servers do that lack it; never on a credential error, a timeout or a lost connection. */
  lacks (server: ServerSettings, era: Era): void
  /** It did not behave as its verdict says: find out anew. */
  forget (server: ServerSettings): void
  /** For status: eras known to be spoken, and since when (wall clock). Undefined = not known yet. */
  known (server: ServerSettings): { readonly eras: readonly Era[], readonly atMs: number } | undefined
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
  /** The client's era: tried first where the server's own is not known, so that both sides match where they can. */
  readonly era: Era
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
  /** Undefined while starting. */
  readonly era: Era | undefined
}
