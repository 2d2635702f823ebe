import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenClosed } from '../../routes/answer/when-closed.ts'
import type { Home, OwnerKey, Replica } from '../../src/replicas/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import type { Principal } from '../../src/shared/principal.ts'
import { passedOn } from '../edge/passed-on.ts'
import { TakenBody } from '../edge/taken-body.ts'
import { isRefused, type StartedHop } from './hop-client.ts'
import { HOP_HEADER, NOT_DONE_HEADER } from './hop-headers.ts'
import type { HopOutcome, ReplicaLinks } from './replica-links.ts'

/** Credentials stay where they were verified; what a hop says is the replica's own to say. */
const NOT_HANDED_OVER: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'cookie', 'proxy-authorization', HOP_HEADER, NOT_DONE_HEADER])
/** The owner may just be changing. */
const RETRY_AFTER_S = 1

/** Where a request goes next. */
export interface NextHome { readonly home: Home, readonly ownerKey?: OwnerKey }

/** One request on its way to another replica. */
export interface HandOverOptions {
  readonly links: ReplicaLinks
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly principal: Principal
  /** Its body, where it was read already. */
  readonly body?: Buffer
  /** Whose it is: sent along, so that only the owner serves it. Absent = it is the replica's by itself, as a session is. */
  readonly ownerKey?: OwnerKey
  /** Where it goes when the replica turns out not to be the one, or to be dead. Called once. */
  readonly elsewhere: () => Promise<NextHome>
  /** It is served here after all: no error. Or it cannot be served. */
  readonly done: (error?: Error) => void
}

/**
 * Hands a request over once, as it came but for the credential, and passes the answer back as it comes. A second replica gets
 * it only if the first has not looked into it: nobody listened, or it said that it is not the owner.
 */
export class HandOver {
  readonly #options: HandOverOptions
  readonly #body: TakenBody
  #hop: StartedHop | undefined
  #isSecond = false
  #isOver = false

  constructor (options: HandOverOptions) {
    this.#options = options
    this.#body = new TakenBody(options.request.raw, options.body)
  }

  /** Begins. */
  to (replica: Replica, ownerKey = this.#options.ownerKey): void {
    const { links, request, reply } = this.#options
    if (!this.#isSecond) {
      links.handOvers.enter()
      // The caller has gone: so must be what was asked for them.
      whenClosed(reply, () => { this.#end(); this.#hop?.request.destroy() })
      if (this.#isOver) return
    }
    const hop = this.#started(replica, ownerKey)
    const startMs = performance.now()
    this.#hop = hop
    request.arrival.handedOver = true
    const ended = (outcome: HopOutcome): void => { links.hopEnded(outcome, (performance.now() - startMs) / 1000) }
    let isConnected = false
    let isSettled = false
    const settle = (outcome: HopOutcome): boolean => {
      if (isSettled) return false
      isSettled = true
      this.#body.stop()
      ended(outcome)
      return true
    }
    hop.request.once('socket', (socket) => {
      const send = (): void => {
        isConnected = true
        this.#body.sendTo(hop.request)
      }
      if (socket.connecting) socket.once('connect', send)
      else send()
    })
    hop.request.once('response', (answer) => {
      if (!hop.isProven(answer)) {
        hop.request.destroy(new Error('no replica answers there'))
        return
      }
      if (answer.headers[NOT_DONE_HEADER] === undefined) {
        isSettled = true
        ended('answered')
        return this.#passBack(answer)
      }
      answer.resume()
      if (settle('refused')) this.#again(this.#body.isWhole)
    })
    hop.request.on('error', (error) => {
      if (reply.raw.headersSent) {
        reply.raw.destroy()
        return
      }
      if (this.#isOver) {
        settle('gone')
        return
      }
      if (!settle(isConnected ? 'lost' : 'unreachable')) return
      if (isConnected) this.#fail(new GatewayError('GW_UPSTREAM_LOST', { reason: `handed over to ${replica.name}: ${error.message}` }))
      else if (isRefused(error) || links.replicas.instance(replica.instance) === undefined) this.#afterRefusal(replica)
      else this.#fail(unavailable(`${replica.name}: ${error.message}`))
    })
  }

  #started (replica: Replica, ownerKey: OwnerKey | undefined): StartedHop {
    const { links, request, principal } = this.#options
    const { raw } = request
    return links.hops.start(replica, {
      method: request.method,
      path: raw.url ?? '/',
      headers: passedOn(raw.rawHeaders, NOT_HANDED_OVER),
      claims: { principal, requestId: request.id, clientAddress: request.ip, ...(ownerKey === undefined ? {} : { ownerKey }) }
    })
  }

  /** Nobody listens there, or it has left meanwhile. */
  #afterRefusal (replica: Replica): void {
    this.#options.links.replicas.isDead(replica).then((isDead) => { this.#again(isDead) }, () => { this.#again(false) })
  }

  #again (mayBe: boolean): void {
    if (this.#isOver) return
    if (!mayBe || this.#isSecond) return this.#fail(unavailable('its replica is not there'))
    this.#isSecond = true
    this.#options.elsewhere().then(({ home, ownerKey }) => {
      if (this.#isOver) return
      if (home.at === 'here') return this.#serveHere()
      if (home.at === 'unknown') return this.#fail(unavailable('its replica is not known'))
      this.to(home.replica, ownerKey)
    }).catch((thrown: unknown) => { this.#fail(thrown as Error) })
  }

  #serveHere (): void {
    this.#options.request.arrival.handedOver = false
    this.#end()
    this.#body.serveHere(() => { this.#options.done() })
  }

  #fail (error: Error): void {
    this.#options.request.arrival.handedOver = false
    this.#end()
    this.#options.done(error)
  }

  #end (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.links.handOvers.leave()
  }

  #passBack (answer: IncomingMessage): void {
    const { reply } = this.#options
    reply.hijack()
    const { raw } = reply
    raw.writeHead(answer.statusCode ?? 502, passedOn(answer.rawHeaders, NOT_HANDED_OVER))
    // The head of a stream whose first event may be long in coming.
    if (answer.headers['content-length'] === undefined) raw.flushHeaders()
    answer.once('error', () => { raw.destroy() })
    answer.pipe(raw)
  }
}

function unavailable (reason: string): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: `handing over to another replica: ${reason}`, retryAfterS: RETRY_AFTER_S })
}
