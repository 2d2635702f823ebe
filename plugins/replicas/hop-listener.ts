import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { HopSigner, PeerAnswer } from '../../src/replicas/index.ts'
import type { ReplicaSettings } from '../../src/shared/settings/replica.ts'
import { HOP_HEADER, NOT_DONE_HEADER } from './hop-headers.ts'
import { noteHop } from './hops.ts'
import { LINGER_MS, stopListening } from './stop-listening.ts'

/** What a client may send (16 KiB), and what the replica adds. */
const MAX_HEADER_BYTES = 49_152
/** Longer than the other side keeps a connection (FR33). */
const KEEP_ALIVE_MS = 75_000

/** What {@link listenForHops} needs. */
export interface HopListenerOptions {
  readonly signer: HopSigner
  /** Whether this replica owns a key. */
  readonly answer: (ownerKey: string | undefined) => PeerAnswer
  /** Somebody came who is no replica. */
  readonly refused: () => void
}

/** The listener for other replicas, up. */
export interface HopListener {
  /** Under which the others reach it. */
  readonly origin: string
  /** Takes no more; resolves when the last answers have left, or `lastBytesMs` later. */
  close (lastBytesMs: number): Promise<void>
}

/**
 * Serves what other replicas hand over, as if it had come to the public listener; identity comes from the signed header, and
 * from nowhere else. Whoever has no valid one gets the same 404 whatever they ask for.
 */
export async function listenForHops (app: FastifyInstance, settings: ReplicaSettings, options: HopListenerOptions): Promise<HopListener> {
  // Deadlines for headers and bodies are held by the replica that the client is connected to.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: MAX_HEADER_BYTES, noDelay: true })
  server.on('request', (request, answer) => { serve(app, options, request, answer) })
  // No replica asks for these, and nothing is said to anybody else.
  for (const event of ['checkContinue', 'checkExpectation', 'upgrade', 'connect', 'clientError']) server.on(event, (...about: unknown[]) => { cut(about) })
  server.on('connection', (socket) => { app.watchUnread(socket) })
  server.listen({ ...settings.listen, exclusive: true })
  await once(server, 'listening')
  return {
    origin: settings.advertise ?? originOf(server.address() as AddressInfo, settings.listen.host),
    async close (lastBytesMs) {
      const timer = setTimeout(() => { server.closeAllConnections() }, lastBytesMs)
      const closed = once(server, 'close')
      stopListening(server)
      // Where nobody is connected there is nobody to wait for.
      await Promise.race([closed, pause(Math.min(LINGER_MS, lastBytesMs), undefined, { ref: false })])
      server.closeIdleConnections()
      await closed
      clearTimeout(timer)
    }
  }
}

function serve (app: FastifyInstance, { signer, answer: answerOf, refused }: HopListenerOptions, request: IncomingMessage, answer: ServerResponse): void {
  const { method = '', url = '', headers } = request
  const hop = signer.read(headers[HOP_HEADER], { method, path: url })
  if (hop === undefined) {
    refused()
    answer.writeHead(404, { connection: 'close', 'content-length': 0 }).end()
    return
  }
  answer.setHeader(HOP_HEADER, hop.proof)
  if ('isLate' in hop) {
    answer.writeHead(421, { connection: 'close', 'content-length': 0, [NOT_DONE_HEADER]: '1' }).end()
    return
  }
  if (hop.principal === undefined) {
    answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerOf(hop.ownerKey)))
    return
  }
  noteHop(request, hop)
  app.routing(request, answer)
}

function cut (about: readonly unknown[]): void {
  const [first, second] = about
  // `clientError` and the upgrades come with a socket, the expectations with a request and its answer.
  for (const one of [first, second]) if (typeof one === 'object' && one !== null && 'destroy' in one && typeof one.destroy === 'function') one.destroy()
}

function originOf ({ port, family }: AddressInfo, host: string): string {
  return `http://${family === 'IPv6' || host.includes(':') ? `[${host}]` : host}:${port}`
}
