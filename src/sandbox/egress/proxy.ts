import { isIP } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createAllowList } from './allow-list.ts'
import { judgeAddresses, judgeName } from './judge-target.ts'
import { readProxyRequest } from './proxy-request.ts'
import type { ProxyRequest } from './proxy-request.ts'
import { readHead } from './read-head.ts'
import type { ResolveLine } from './resolve-line.ts'
import { connectTo, joinSockets } from './tunnel.ts'
import type { EgressAddress, EgressOptions, EgressRefusal, EgressRequest } from './types.ts'
import { createWordLimit } from './word-limit.ts'

/** Of one worker at once: ten times what a browser opens to one host. */
const MAX_CONNECTIONS = 64
/** Of those beyond, so many are told why; the rest is closed at once, or a flood would take the gateway's descriptors. */
const MAX_TURNED_AWAY = 16
const IDLE_MS = 300_000
/** From the connection to the end of the request's head. Milliseconds. */
const HEAD_MS = 10_000
/** For the worker to take a refusal. Milliseconds. */
const FAREWELL_MS = 1_000
const MAX_TARGET_CHARS = 300
const USAGE = 'this is the proxy of sandbox.network: it answers CONNECT host:port and requests for http:// URLs'

/** The proxy of one worker. */
export interface Proxy { close (): void }

/**
 * Answers on a listener inside a worker's network namespace: decides by host and port, resolves the name itself, and
 * connects only to addresses that it checked. One request per connection. It reads nothing of what is inside CONNECT, and
 * adds nothing to a request.
 */
export function serveProxy (server: Server, request: EgressRequest, options: EgressOptions, names: ResolveLine): Proxy {
  const proxy = new WorkerProxy(request, options, names)
  const onConnection = (socket: Socket): void => proxy.accept(socket)
  server.on('connection', onConnection)
  return {
    close () {
      server.off('connection', onConnection)
      proxy.close()
    }
  }
}

class WorkerProxy {
  readonly #request: EgressRequest
  readonly #options: EgressOptions
  readonly #names: ResolveLine
  readonly #allows: ReturnType<typeof createAllowList>
  readonly #mayTell = createWordLimit()
  readonly #sockets = new Set<Socket>()
  #open = 0
  #turnedAway = 0

  constructor (request: EgressRequest, options: EgressOptions, names: ResolveLine) {
    this.#request = request
    this.#options = options
    this.#names = names
    this.#allows = createAllowList(request.allow)
  }

  accept (socket: Socket): void {
    this.#keep(socket)
    if (this.#open >= MAX_CONNECTIONS) return this.#turnAway(socket)
    this.#open += 1
    socket.once('close', () => { this.#open -= 1 })
    this.#serve(socket).catch(() => socket.destroy())
  }

  close (): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #turnAway (socket: Socket): void {
    this.#turnedAway += 1
    socket.once('close', () => { this.#turnedAway -= 1 })
    if (this.#turnedAway > MAX_TURNED_AWAY) {
      this.#tell('connections', '')
      socket.destroy()
    } else {
      this.#refuse(socket, 'connections', '', '503 Service Unavailable', `more than ${MAX_CONNECTIONS} connections at once`)
    }
  }

  async #serve (socket: Socket): Promise<void> {
    socket.allowHalfOpen = true
    const head = await readHead(socket.setNoDelay(true).setTimeout(HEAD_MS))
    if (head === '') {
      // Browsers open connections in advance, and do not use all of them.
      socket.destroy()
      return
    }
    if (head === undefined) return this.#refuse(socket, 'request', '', '400 Bad Request', USAGE)
    const wish = readProxyRequest(head)
    if (wish === undefined) return this.#refuse(socket, 'request', '', '404 Not Found', USAGE)
    const target = `${wish.host}:${wish.port}`
    const addresses = await this.#allowedAddresses(socket, wish, target)
    if (addresses === undefined || socket.destroyed) return
    const upstream = await connectTo(wish.host, wish.port, addresses).catch(() => undefined)
    if (upstream === undefined) return farewell(socket, '502 Bad Gateway', `${target} cannot be reached`)
    this.#keep(upstream)
    if (socket.destroyed) upstream.destroy()
    if (wish.forward === undefined) socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    else upstream.write(wish.forward, 'latin1')
    joinSockets(socket, upstream, this.#options.idleMs ?? IDLE_MS)
  }

  /** undefined: refused, and the worker was told. */
  async #allowedAddresses (socket: Socket, { host, port }: ProxyRequest, target: string): Promise<readonly EgressAddress[] | undefined> {
    const { server } = this.#request
    const named = judgeName(this.#allows, server, host, port)
    if (named !== undefined) return this.#forbid(socket, named.reason, target, named.sentence)
    const answer = isIP(host) === 0 ? await this.#names.resolve(this, host).catch(() => undefined) : [{ address: host, family: isIP(host) }]
    if (answer === undefined) {
      farewell(socket, '502 Bad Gateway', `${host} cannot be resolved`)
      return undefined
    }
    const judged = judgeAddresses(this.#options, this.#allows, server, host, port, answer)
    return judged.ok ? judged.value : this.#forbid(socket, judged.error.reason, target, judged.error.sentence)
  }

  #forbid (socket: Socket, reason: EgressRefusal, target: string, sentence: string): undefined {
    this.#refuse(socket, reason, target, '403 Forbidden', sentence)
  }

  #refuse (socket: Socket, reason: EgressRefusal, target: string, status: string, sentence: string): void {
    this.#tell(reason, target)
    farewell(socket, status, sentence)
  }

  #tell (reason: EgressRefusal, target: string): void {
    this.#options.events.refused(this.#request.server, reason, this.#mayTell() ? target.slice(0, MAX_TARGET_CHARS) : undefined)
  }

  #keep (socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {}).once('close', () => { this.#sockets.delete(socket) })
  }
}

/** A short text and the end. What the worker still sends is read and dropped, or its system would answer with a reset before it has read the text. */
function farewell (socket: Socket, status: string, sentence: string): void {
  const text = `${sentence}\n`
  socket.setTimeout(FAREWELL_MS, () => socket.destroy()).resume()
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`)
}
