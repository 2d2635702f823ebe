import type { JsonObject } from './message.ts'

/** HTTP headers by lower-case name, as Node hands them over. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What every modern request says about itself (MCP 2026-07-28 base protocol, `_meta`). */
export interface ModernMeta {
  readonly protocolVersion: string
  /** As the client declared them, for this request alone. */
  readonly clientCapabilities: JsonObject
  /** Least severe log line wanted; undefined = none. */
  readonly logLevel: string | undefined
}
