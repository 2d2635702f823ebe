const prefix = 'io.modelcontextprotocol/'

/** Members of `params._meta` and of a result's `_meta` that MCP 2026-07-28 gives a meaning. */
export const META = {
  protocolVersion: `${prefix}protocolVersion`,
  clientCapabilities: `${prefix}clientCapabilities`,
  clientInfo: `${prefix}clientInfo`,
  serverInfo: `${prefix}serverInfo`,
  logLevel: `${prefix}logLevel`,
  subscriptionId: `${prefix}subscriptionId`,
  relatedTask: `${prefix}related-task`
} as const

/** Extensions that are bridged (MCP 2026-07-28 extensions). */
export const EXTENSION = { tasks: `${prefix}tasks`, ui: `${prefix}ui` } as const
