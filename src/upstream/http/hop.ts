import type { Outbound } from '../../net/index.ts'
import type { JsonObject } from '../../protocol/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { ServerHealth } from '../health/server-health.ts'

/** The gateway's own hop to one server: what all requests on it have in common. */
export interface Hop {
  readonly server: ServerSettings
  readonly outbound: Outbound
  /** Who we are to servers (MCP lifecycle, base protocol). */
  readonly clientInfo: JsonObject
  /** Of `baseHeaders`. */
  readonly headers: readonly string[]
  /** Of the entry, over all its connections. Absent = nothing is counted, and nothing repeated but what was not sent. */
  readonly health?: ServerHealth | undefined
}
