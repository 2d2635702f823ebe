import type { JsonText } from '../protocol/index.ts'
import type { ErrorCode } from '../shared/errors.ts'

/**
 * A way to an MCP server for whole JSON-RPC messages, both ways at any time: the pipes of a worker, or the stream and the
 * POSTs of HTTP+SSE. A worker of src/stdio-pool is one as it stands.
 */
export interface Wire {
  /** Of a process; undefined where there is none. */
  readonly pid: number | undefined
  /** Called for each JSON object that the server sent, in order. Set once, right after the start. Must not throw. */
  onMessage: ((message: Record<string, unknown>, bytes: number) => void) | undefined
  /** Called for a request that turns out not to have been taken, and what its caller is told. Set once; wires that always know at once never call it. */
  onUndelivered?: (callId: number, code: ErrorCode) => void
  /** Settles when nothing can come any more. Never rejects. */
  readonly exited: Promise<unknown>
  /**
   * Sends one message. 'full': nothing was sent, later ones may be. 'closed': the server is gone.
   * @param callId of a request, for `onUndelivered`
   */
  send (text: JsonText, callId?: number): 'sent' | 'full' | 'closed'
  /** Ends it as the transport has it. Resolves when it is gone; idempotent. */
  stop (): Promise<void>
  /** Ends it at once. */
  kill (): void
}
