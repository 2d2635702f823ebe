import type { Verdict } from './json-rpc-reply.ts'

/** One client of the load: its own connections, its own ids, which start at 1 as everyone's do. */
export interface ClientSession {
  /** initialize, then initialized. @throws when the server refuses. */
  readonly open: () => Promise<void>
  /** One tools/call of `echo`, with `padding` in its payload. Reports the verdict and when the answer was there (performance.now()). */
  readonly call: (padding: string, onDone: (verdict: Verdict, answeredAt: number) => void) => void
  /** The stream that an idle client keeps open. */
  readonly openStream: () => Promise<void>
  /** Leaves as the protocol asks. */
  readonly close: () => Promise<void>
  /** Vanishes: sockets cut, nothing said. */
  readonly drop: () => void
}

/** Revision that the load speaks. */
export const REVISION = '2025-06-18'

export const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } }
})

export const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

/** Body of a tools/call; `message` must need no escaping. */
export const callBody = (id: number, message: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"message":"${message}"}}}`
