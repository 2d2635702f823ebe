import { Agent, request as startRequest, type IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../../src/shared/errors.ts'
import { whenClosed } from '../../routes/answer/when-closed.ts'
import type { AppOptions } from '../app-options.ts'
import { CLIENT_ADDRESS_HEADER } from './client-address.ts'
import { continueExpected } from './expectations.ts'
import type { HandOvers } from './hand-overs.ts'
import { passedOn } from './passed-on.ts'

/** Connections kept to each other process. */
const MAX_KEPT = 256
/** The owner may just be starting again. */
const RETRY_AFTER_S = 1

/**
 * With `processes: N`: a request whose caller lives in another process is handed over there once, as it came, credential and
 * all; the owner verifies it again, so nothing of identity is believed on this way. Bodies and answers are streamed.
 */
export default fp<AppOptions>(async (app, { peers }) => {
  if (peers === undefined) return
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_KEPT })
  app.addHook('onClose', (_instance, done) => { agent.destroy(); done() })
  app.addHook('onRequest', (request, reply, done) => {
    const { principal } = request
    const socketPath = principal === undefined || peers.incoming.has(request.raw.socket) ? undefined : peers.socketOf(principal)
    if (!(socketPath instanceof Promise)) return goOn(socketPath, request, reply, done)
    socketPath.then((late) => { goOn(late, request, reply, done) }, done)
  })

  function goOn (socketPath: string | undefined, request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    if (socketPath === undefined || peers === undefined) done()
    else handOver(request, reply, { socketPath, agent, open: peers.handOvers }, done)
  }
}, { name: 'forward', dependencies: ['credential-guard'] })

interface Way { readonly socketPath: string, readonly agent: Agent, readonly open: HandOvers }

function handOver (request: FastifyRequest, reply: FastifyReply, { socketPath, agent, open }: Way, done: (error: Error) => void): void {
  const { raw, arrival } = request
  const there = startRequest({ socketPath, agent, method: request.method, path: raw.url, headers: [...passedOn(raw.rawHeaders), CLIENT_ADDRESS_HEADER, request.ip], setHost: false })
  arrival.handedOver = true
  open.enter()
  there.once('response', (answer) => {
    reply.hijack()
    passBack(answer, reply)
  })
  there.on('error', (error) => {
    // Before any part of an answer it is a refusal like another, except that the request may have reached the owner.
    arrival.handedOver = false
    if (reply.raw.headersSent) reply.raw.destroy()
    else done(new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: `handing over to another process: ${error.message}`, retryAfterS: RETRY_AFTER_S }))
  })
  there.once('close', () => { open.leave() })
  // The caller has gone: so must be what was asked for them.
  whenClosed(reply, () => { there.destroy() })
  continueExpected(raw)
  raw.pipe(there)
}

function passBack (answer: IncomingMessage, reply: FastifyReply): void {
  reply.raw.writeHead(answer.statusCode ?? 502, passedOn(answer.rawHeaders))
  answer.once('error', () => { reply.raw.destroy() })
  answer.pipe(reply.raw)
}
