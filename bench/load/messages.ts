/** Where a target listens. `mcp`: Streamable HTTP. `sse`: HTTP+SSE of 2024-11-05. `plain`: a JSON POST per tool call. `echo`: a floor that answers a POST with its body. */
export interface Endpoint {
  readonly kind: 'mcp' | 'sse' | 'plain' | 'echo'
  readonly port: number
  readonly path: string
  /** What its clients speak; absent = legacy. */
  readonly era?: 'legacy' | 'modern'
  /** `plain`: name of the member that holds the arguments. Default `arguments`. */
  readonly argumentsKey?: string
  /** Session i uses credential i modulo their number; empty = no Authorization header. */
  readonly credentials: readonly string[]
}

/** Orders to the load worker. It holds one set of sessions at a time. */
export type Order =
  | { readonly op: 'open', readonly endpoint: Endpoint, readonly sessions: number, readonly atOnce: number, readonly streams: boolean, readonly firstCall: boolean, readonly everyMs: number }
  | { readonly op: 'run', readonly concurrency: number, readonly payloadBytes: number, readonly warmMs: number, readonly forMs: number, readonly maxCalls: number }
  | { readonly op: 'close', readonly how: 'delete' | 'drop' }
  | { readonly op: 'cycles', readonly endpoint: Endpoint, readonly count: number, readonly atOnce: number, readonly end: 'delete' | 'drop' }

export interface OpenReport {
  readonly sessions: number
  readonly tookMs: number
  /** initialize + initialized of each session, on a fresh connection. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** The same with the first tools/call, when one was asked for. */
  readonly firstCallP50Ms: number
  readonly firstCallP99Ms: number
}

export interface RunReport {
  /** Calls answered inside the window, right or wrong. */
  readonly calls: number
  readonly errors: number
  readonly mixups: number
  readonly firstError?: string
  readonly tookMs: number
  /** Right answers only. */
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface CyclesReport {
  readonly done: number
  readonly failed: number
  readonly firstError?: string
  readonly tookMs: number
}

/** What the worker sends: progress of a window, then exactly one `done` or `failed` per order. */
export type Notice =
  | { readonly at: 'ready' | 'window-start' | 'window-end' }
  | { readonly at: 'done', readonly report: OpenReport | RunReport | CyclesReport | null }
  | { readonly at: 'failed', readonly message: string }
