import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { ChurnList } from '../../src/shared/churn-list.ts'

/** What waits for the end of each connection. One listener a connection, because many pipelined answers may wait on one. */
const bySocket = new WeakMap<Socket, ChurnList<() => void>>()

/**
 * What is called, each once, when this connection is gone. For answers that take themselves off the list when they end:
 * {@link whenClosed} is the simpler way for all others.
 */
export function waitingOn (socket: Socket): ChurnList<() => void> {
  const known = bySocket.get(socket)
  if (known !== undefined) return known
  const waiting = new ChurnList<() => void>()
  bySocket.set(socket, waiting)
  socket.once('close', () => { for (const then of waiting) then() })
  return waiting
}

/**
 * Calls `then` once, as soon as nobody can read this answer any more: it has ended, its client has gone, or had gone before
 * this was asked. Node tells an answer that is queued behind another one of the same connection (pipelining) nothing, so
 * the connection is watched as well.
 */
export function whenClosed (reply: FastifyReply, then: () => void): void {
  const { raw } = reply
  const { socket } = reply.request.raw
  if (raw.destroyed || raw.closed || socket.destroyed) return then()
  const waiting = waitingOn(socket)
  const closed = (): void => {
    if (!waiting.delete(closed)) return
    raw.off('close', closed)
    then()
  }
  waiting.add(closed)
  raw.once('close', closed)
}
