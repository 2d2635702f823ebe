import type { Relay } from '../bridge/index.ts'
import type { JsonObject, JsonRpcId, RequestHeaders } from '../protocol/index.ts'
import type { Client, Exchange } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { FeatureKind } from '../tenancy/index.ts'

/** One use of a tool, prompt, resource or completion: what was asked for, after routing. */
export interface FeatureUse {
  readonly method: string
  readonly kind: FeatureKind
  readonly server: ServerSettings
  /** The name as the server knows it. */
  readonly name: string
  /** Params as the server shall get them. */
  readonly params: JsonObject | undefined
  /** It belongs to a call that was counted already. */
  readonly isUncounted?: boolean
  /** Set when only the server's list can tell, once it is up, whether the tool is for its own app alone: then it is not here (D8). */
  readonly isAppOnly?: (relay: Relay) => Promise<boolean>
  /** Renames what comes back, on the aggregate. */
  readonly rewrite?: (result: unknown) => unknown
}

/** The way back of one use. */
export interface UseTarget {
  readonly relay: Relay
  /** Undefined: a caller who can be told and asked nothing. */
  readonly client: Client | undefined
  readonly exchange: Exchange
  readonly id: JsonRpcId
  /** Of a modern request: its `Mcp-Param-*` headers have to agree with the arguments (SEP-2243, T35). */
  readonly headers?: RequestHeaders
  /** A modern request that declares the tasks extension. */
  readonly declaresTasks?: boolean
  /** The caller has gone: waits for nothing any more. For callers without a session; a session cancels its calls itself. */
  readonly signal?: AbortSignal
  /** Runs after the reply was handed over, once, whatever happened. */
  readonly onSettled?: () => void
}
