import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import type { TestContext } from 'node:test'
import { createOutbound, OutboundError } from '../../../src/net/index.ts'
import type { AnswerHead, Outbound, OutboundTarget, OutboundTimes, RequestHead, Resolve, Sending } from '../../../src/net/index.ts'
import './fence.ts'

/** A listener of this machine. */
export interface Local<T> {
  readonly server: T
  readonly port: number
  /** Connections that arrived so far. */
  connections (): number
}

/** An HTTP server on a loopback address; ends with the test. */
export async function httpServer (test: TestContext, answer: RequestListener, { host = '127.0.0.1', port = 0 } = {}): Promise<Local<Server>> {
  return await listening(test, createServer(answer), host, port)
}

/** A canary: nothing should ever connect to it. It answers nobody. */
export async function canary (test: TestContext, { host = '127.0.0.1', port = 0 } = {}): Promise<Local<TcpServer>> {
  return await listening(test, createTcpServer((socket) => socket.destroy()), host, port)
}

/** Starts any server, counts its connections, and ends it with them when the test ends. */
export async function listening<T extends TcpServer> (test: TestContext, server: T, host: string, port = 0): Promise<Local<T>> {
  let connections = 0
  const open = new Set<{ destroy (): void }>()
  server.on('connection', (socket) => {
    connections++
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
  })
  server.listen(port, host)
  await once(server, 'listening')
  test.after(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await closed
  })
  return { server, port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** What tests vary about a target. */
export type TargetOptions = Partial<Omit<OutboundTarget, 'url'>> & { readonly resolve?: Resolve, readonly times?: OutboundTimes }

/** An outbound that ends with the test. */
export function outboundTo (test: TestContext, url: string, { resolve, times, ...options }: TargetOptions = {}): Outbound {
  const outbound = createOutbound({ url, allowPrivateNetwork: false, maxConnections: 4, ...options }, resolve, times)
  test.after(() => outbound.destroy())
  return outbound
}

/** A resolver that gives these answers one after the other, the last for ever, and counts. Errors are thrown by code. */
export function resolver (...answers: (readonly string[] | { readonly code: string })[]): Resolve & { asked: string[] } {
  const asked: string[] = []
  return Object.assign(async (host: string) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(host)
    if ('code' in answer) throw Object.assign(new Error(`getaddrinfo ${answer.code} ${host}`), { code: answer.code })
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }, { asked })
}

/** A request under way, and what has come of it. */
export interface Asked {
  readonly sending: Sending
  readonly events: string[]
  readonly head: Promise<AnswerHead>
  /** The whole body, as Latin-1. */
  readonly text: Promise<string>
}

/** Sends a request, and keeps what is said about it. */
export function ask (outbound: Outbound, head: RequestHead, body?: string | Buffer): Asked {
  const events: string[] = []
  const answered = Promise.withResolvers<AnswerHead>()
  const ended = Promise.withResolvers<string>()
  for (const { promise } of [answered, ended]) promise.catch(() => {})
  let text = ''
  const sending = outbound.send(head, body, {
    onSent: () => { events.push('sent') },
    onHead: (given) => { events.push('head'); answered.resolve(given) },
    onData: (piece) => { text += piece.toString('latin1') },
    onEnd: () => { events.push('end'); ended.resolve(text) },
    onLost: (error) => { events.push('lost'); answered.reject(error); ended.reject(error) }
  })
  return { sending, events, head: answered.promise, text: ended.promise }
}

/** Body of a GET of the outbound's own path. */
export async function get (outbound: Outbound): Promise<string> {
  return await ask(outbound, outbound.head('GET', [])).text
}

/** The error that a GET ends with; the test fails if it is answered or fails in another way. */
export async function refusalOf (work: () => Outbound | Promise<unknown>): Promise<OutboundError> {
  try {
    const made = work()
    if ('send' in made) await get(made)
    else await made
  } catch (error) {
    if (error instanceof OutboundError) return error
    throw error
  }
  throw new Error('the request was answered')
}

/** What a request looked like on the wire. */
export function seen (request: IncomingMessage): string {
  return `${request.method} ${request.url} ${request.headers.host}`
}
