import type { Endpoint } from '../load/messages.ts'
import type { Launched } from '../machine/launch.ts'

/** What is to be crossed: transport of the MCP server behind the target, and the era of its clients; over HTTP the server is of that era too, over stdio it is a legacy one. `plain`: clients that know no MCP post JSON. */
export type Crossing = 'stdio' | 'stdio-modern' | 'plain' | 'http' | 'http-modern'

/** Which MCP server stands behind a target. `echo-reverse` answers what came in one read in reverse order. */
export type Backend = 'echo' | 'echo-reverse' | 'everything'

/** The command of a stdio server, as each gateway is given it. */
export interface BackendCommand {
  readonly command: string
  readonly args: readonly string[]
  /** An argument unique to this start, by which its processes are known. */
  readonly tag: string
}

/** A running HTTP server, as each gateway is given it. */
export interface BackendUrl {
  readonly origin: string
  readonly port: number
  readonly path: string
  readonly tag: string
  readonly process: Launched
}

export type BackendServer = BackendCommand | BackendUrl

/** A thing that is measured. */
export interface Target {
  readonly id: string
  /** Who made it; ratios are formed by family, against its best mode. */
  readonly family: 'drawbridge' | 'mcp-proxy' | 'supergateway' | 'naive' | 'fastify' | 'http-proxy' | 'nginx' | 'ray-serve' | 'direct'
  /** For the table: name and mode, `default` or `fastest` where that applies. */
  readonly label: string
  /** Whose servers: `shared` child, one per `user`, per `session`, per `request`; `none` for a floor. */
  readonly children: 'shared' | 'user' | 'session' | 'request' | 'none'
  readonly takes: readonly Crossing[]
  /** Users (credentials) the sessions are spread over; 0 = the target knows no users. */
  readonly users: number
  /** Most sessions it is asked to hold, for the time and memory a server per session takes. */
  readonly maxSessions: number
  /** Programs of the machine's that it cannot start without. Default none. */
  readonly needs?: readonly string[]
  /** @throws when it does not start; names what is missing */
  readonly start: (server: BackendServer) => Promise<Started>
}

export interface Started {
  readonly process: Launched
  readonly endpoint: Endpoint
}
