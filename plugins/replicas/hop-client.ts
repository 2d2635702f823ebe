import { once } from 'node:events'
import { Agent, request as startRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as startTlsRequest } from 'node:https'
import { json } from 'node:stream/consumers'
import type { AskPeer, HopClaims, HopSigner, PeerAnswer, Replica } from '../../src/replicas/index.ts'
import { HOP_HEADER } from './hop-headers.ts'

/** Connections kept to each other replica. */
const MAX_KEPT = 256
/** Shorter than the other side keeps them, so that no request meets a connection that is being closed (FR33). */
const KEPT_MS = 30_000
/** A replica that takes no connection for this long is not there. */
const CONNECT_MS = 2000
/** A replica that does not answer a question for this long is taken for silent. */
const ANSWER_MS = 1000

/** What is handed over. */
export interface HopRequest {
  readonly method: string
  readonly path: string
  /** Name, value, name, value. */
  readonly headers: readonly string[]
  readonly claims: Omit<HopClaims, 'from'>
}

/** A request to another replica, begun. */
export interface StartedHop {
  readonly request: ClientRequest
  /** Does this answer come from a replica? */
  isProven (answer: IncomingMessage): boolean
}

/** Sends requests to other replicas over connections that are kept. */
export class HopClient {
  readonly #signer: HopSigner
  readonly #agents = new Map<string, Agent>()

  constructor (signer: HopSigner) {
    this.#signer = signer
  }

  start ({ instance, origin, isDraining }: Replica, { method, path, headers, claims }: HopRequest): StartedHop {
    const { hostname, port, protocol } = new URL(origin)
    const isTls = protocol === 'https:'
    const { text, proof } = this.#signer.sign(claims, { to: instance, method, path })
    const request = (isTls ? startTlsRequest : startRequest)({
      host: hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : { port: Number(port) }),
      // One that drains takes no new connections in the end, and then nothing was sent; a kept one may end under a request (FR31).
      agent: isDraining ? false : this.#agentOf(instance, isTls),
      method,
      path,
      headers: [...headers, HOP_HEADER, text],
      setHost: false
    })
    limitConnecting(request)
    return { request, isProven: (answer) => answer.headers[HOP_HEADER] === proof }
  }

  /** Does the replica live, and is the key its own? */
  readonly ask: AskPeer = async (replica, ownerKey) => {
    const claims = { requestId: '', clientAddress: '', ...(ownerKey === undefined ? {} : { ownerKey }) }
    const { request, isProven } = this.start(replica, { method: 'GET', path: '/', headers: ['Host', new URL(replica.origin).host], claims })
    const timer = setTimeout(() => { request.destroy(new Error('no answer')) }, ANSWER_MS)
    try {
      const [answer] = await once(request.end(), 'response') as [IncomingMessage]
      if (answer.statusCode !== 200 || !isProven(answer)) {
        answer.destroy()
        // Somebody else listens there by now.
        return 'refused'
      }
      return await json(answer) as PeerAnswer
    } catch (error) {
      return isRefused(error) ? 'refused' : 'silent'
    } finally {
      clearTimeout(timer)
    }
  }

  /** The replica has ended: whoever still waits for it is told. */
  drop ({ instance }: Replica): void {
    this.#agents.get(instance)?.destroy()
    this.#agents.delete(instance)
  }

  close (): void {
    for (const agent of this.#agents.values()) agent.destroy()
  }

  #agentOf (instance: string, isTls: boolean): Agent {
    const known = this.#agents.get(instance)
    if (known !== undefined) return known
    // The timeout ends kept connections only: an answer may take as long as it likes.
    const options = { keepAlive: true, maxFreeSockets: MAX_KEPT, timeout: KEPT_MS, noDelay: true }
    const agent = isTls ? new TlsAgent(options) : new Agent(options)
    this.#agents.set(instance, agent)
    return agent
  }
}

/** Nobody listens where the replica did: it has ended, or was never reached. */
export function isRefused (error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
}

function limitConnecting (request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => { request.destroy(new Error('no connection')) }, CONNECT_MS)
    const settle = (): void => { clearTimeout(timer) }
    socket.once('connect', settle)
    socket.once('close', settle)
  })
}
