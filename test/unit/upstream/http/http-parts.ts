import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { errorReply, isJsonObject, META, type JsonObject, type Reply } from '../../../../src/protocol/index.ts'
import type { ServerSettings } from '../../../../src/shared/settings/server.ts'
import { ServerHealths, type HealthEvents } from '../../../../src/upstream/health/server-healths.ts'
import { createEraVerdicts } from '../../../../src/upstream/era-verdicts.ts'
import type { HttpStartOptions } from '../../../../src/upstream/http/types.ts'
import { openHttp } from '../../../../src/upstream/http/open-http.ts'
import type { Connection, EraVerdicts, UpstreamCall } from '../../../../src/upstream/index.ts'
import { until } from '../../../helpers/until.ts'
import { testCall, wanted, type TestCall } from '../upstream-parts.ts'

export const MODERN = '2026-07-28'

/** A request that a test server got; it may still have to be answered. */
export interface Received {
  readonly verb: string
  readonly headers: IncomingHttpHeaders
  /** The JSON-RPC message of the body; {} when there is none. */
  readonly message: JsonObject
  readonly method: string | undefined
  readonly id: unknown
  readonly response: ServerResponse
}

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** Open connections to it. */
  readonly sockets: ReadonlySet<Socket>
  /** What came with this JSON-RPC method. */
  of (method: string): Received[]
  /** What came with this HTTP method. */
  verb (verb: string): Received[]
  got (what: string, fits: (received: Received) => boolean): Promise<Received>
}

/** Any HTTP server, for one test. */
export async function listen (t: TestContext, listener: RequestListener): Promise<{ port: number, sockets: Set<Socket> }> {
  const server = createServer(listener)
  // Idle connections stay for so long that only being closed explains their absence.
  server.keepAliveTimeout = 60_000
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

/** A server that keeps what it got and does as it is told. */
export async function serve (t: TestContext, handle: (received: Received) => void): Promise<TestServer> {
  const received: Received[] = []
  const { port, sockets } = await listen(t, (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('error', () => {})
    request.on('end', () => {
      const body: unknown = pieces.length === 0 ? {} : JSON.parse(Buffer.concat(pieces).toString())
      const message = isJsonObject(body) ? body : {}
      const one: Received = { verb: request.method ?? '', headers: request.headers, message, method: message['method'] as string | undefined, id: message['id'], response }
      received.push(one)
      handle(one)
    })
  })
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    received,
    sockets,
    of: (method) => received.filter((one) => one.method === method),
    verb: (verb) => received.filter((one) => one.verb === verb),
    got: (what, fits) => until(`the server gets ${what}`, () => received.find(fits))
  }
}

export function json (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function result (of: Received, value: unknown, headers: Record<string, string> = {}): void {
  json(of.response, { jsonrpc: '2.0', id: of.id, result: value }, 200, headers)
}

export function refuse ({ response }: Received, status: number, code?: number, own: JsonObject = {}): void {
  if (code === undefined) response.writeHead(status).end()
  else json(response, { jsonrpc: '2.0', id: null, error: { code, message: 'refused', ...own } }, status)
}

/** Begins a stream. */
export function stream ({ response }: Received): { send (message: JsonObject, id?: string): void, raw (text: string | Buffer): boolean, end (): void } {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return {
    send: (message, id) => { response.write(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`) },
    raw: (text) => response.write(text),
    end: () => { response.end() }
  }
}

export const initializeResult = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'test', version: '1' } }
export const discoverResult = {
  resultType: 'complete',
  supportedVersions: [MODERN],
  capabilities: { tools: {} },
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { [META.serverInfo]: { name: 'modern test', version: '2' } }
}

export interface LegacyServer extends TestServer {
  /** Sessions that it knows. */
  readonly sessions: Set<string>
  /** Open GET streams without Last-Event-ID, oldest first. */
  readonly streams: Array<ReturnType<typeof stream>>
}

/** A sessionful legacy server; everything after the handshake is `handle`'s, once the session has been checked. */
export async function legacyServer (t: TestContext, handle: (received: Received, server: LegacyServer) => void, own: { readonly withStream?: boolean, readonly withSessions?: boolean } = {}): Promise<LegacyServer> {
  const sessions = new Set<string>()
  const streams: LegacyServer['streams'] = []
  const server: TestServer = await serve(t, (received) => {
    const { method, verb, headers, response } = received
    if (method === 'server/discover') return refuse(received, 400, -32000)
    if (method === 'initialize') {
      const id = `session-${Math.random()}`
      sessions.add(id)
      return result(received, initializeResult, own.withSessions === false ? {} : { 'mcp-session-id': id })
    }
    if (own.withSessions !== false && !sessions.has(String(headers['mcp-session-id']))) return refuse(received, 404, -32001)
    if (verb === 'DELETE') {
      sessions.delete(String(headers['mcp-session-id']))
      return refuse(received, 204)
    }
    if (method === 'notifications/initialized' || (verb === 'POST' && received.id === undefined)) return refuse(received, 202)
    if (verb === 'GET' && headers['last-event-id'] === undefined) {
      if (own.withStream !== true) return refuse(received, 405)
      streams.push(stream(received))
      response.on('close', () => {})
      return
    }
    handle(received, Object.assign(server, { sessions, streams }))
  })
  return Object.assign(server, { sessions, streams })
}

/** A modern server; everything but discovery is `handle`'s. */
export async function modernServer (t: TestContext, handle: (received: Received) => void): Promise<TestServer> {
  return await serve(t, (received) => {
    if (received.verb !== 'POST') refuse(received, 405)
    else if (received.method === 'server/discover') result(received, discoverResult)
    else if (received.method === 'initialize') refuse(received, 400, -32022, { data: { supported: [MODERN] } })
    else handle(received)
  })
}

export interface HttpPeer {
  readonly heard: Array<{ readonly method: string, readonly params: JsonObject | undefined, readonly about: UpstreamCall | undefined }>
  readonly asked: Array<{ readonly method: string, readonly about: UpstreamCall | undefined, readonly signal: AbortSignal }>
  answer: (method: string) => Promise<Reply>
  /** What is done when the session was renewed. */
  restore: () => void
  ends: number
  resets: number
}

export interface Opened {
  readonly connection: Connection
  readonly peer: HttpPeer
  readonly faults: string[]
  readonly thrown: unknown[]
  readonly verdicts: EraVerdicts
  readonly healths: ServerHealths
}

/** Breakers, budgets and tokens of one test's entries. */
export function testHealths (onThrown: (thrown: unknown) => void, events: Partial<HealthEvents> = {}): ServerHealths {
  const nothing = (): void => {}
  return new ServerHealths({ nowMs: () => performance.now(), onThrown, onBack: nothing, events: { circuit: nothing, retried: nothing, tokenFetched: nothing, ...events } })
}

/** What a start needs, with everything that it tells. */
export function bench (): Omit<Opened, 'connection'> & { readonly options: HttpStartOptions, readonly told: Parameters<typeof openHttp>[2] } {
  const faults: string[] = []
  const thrown: unknown[] = []
  const healths = testHealths((error) => { thrown.push(error) })
  const peer: HttpPeer = { heard: [], asked: [], ends: 0, resets: 0, restore () {}, answer: () => Promise.resolve(errorReply('GW_UPSTREAM_ASK_REFUSED')) }
  const listener = {
    onRequest (method: string, _params: JsonObject | undefined, signal: AbortSignal, about?: UpstreamCall) {
      peer.asked.push({ method, about, signal })
      return peer.answer(method)
    },
    onNotification (method: string, params: JsonObject | undefined, about?: UpstreamCall) { peer.heard.push({ method, params, about }) },
    onReset () {
      peer.resets++
      peer.restore()
    },
    onEnd () { peer.ends++ }
  }
  return {
    faults,
    thrown,
    healths,
    peer,
    verdicts: createEraVerdicts({ file: undefined, wallMs: () => Date.now(), onThrown: (error) => { thrown.push(error) } }),
    options: { version: '9.9.9', nowMs: () => performance.now(), healths, onFault: (_server, kind) => { faults.push(kind) }, onThrown: (error) => { thrown.push(error) } },
    told: { process () {}, failed () {}, peer: () => listener }
  }
}

/** Opens a server; closed at the end of the test. */
export async function open (t: TestContext, url: string, own: Partial<ServerSettings> = {}, who: Parameters<typeof wanted>[1] = {}): Promise<Opened> {
  const { options, told, ...parts } = bench()
  const connection = await openHttp(options, httpWanted(url, own, who), told, parts.verdicts, new AbortController().signal)
  t.after(() => connection.close())
  return { connection, ...parts }
}

export function httpWanted (url: string, own: Partial<ServerSettings> = {}, who: Parameters<typeof wanted>[1] = {}): ReturnType<typeof wanted> {
  return wanted({ transport: 'http', command: '', url, allowPrivateNetwork: true, startTimeoutMs: 10_000, ...own }, who)
}

/** Makes a call and waits for its reply. */
export async function ask (connection: Connection, own: Partial<UpstreamCall> = {}): Promise<Reply> {
  const call = testCall(own)
  connection.call(call)
  return await replied(call)
}

export async function replied (call: TestCall): Promise<Reply> {
  return await until('the reply', () => call.replies[0])
}

export async function quiet (server: TestServer): Promise<void> {
  await until('no connection is left', () => server.sockets.size === 0)
}
