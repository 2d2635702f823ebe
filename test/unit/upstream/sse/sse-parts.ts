import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../../../../src/protocol/index.ts'
import type { ServerSettings } from '../../../../src/shared/settings/server.ts'
import { createEraVerdicts } from '../../../../src/upstream/era-verdicts.ts'
import { FirstProbes } from '../../../../src/upstream/first-probes.ts'
import type { Connection } from '../../../../src/upstream/index.ts'
import { openSse } from '../../../../src/upstream/sse/open-sse.ts'
import type { SseTimes } from '../../../../src/upstream/sse/open-sse.ts'
import { clientFile } from '../../../helpers/programs.ts'
import { until } from '../../../helpers/until.ts'
import { serve } from '../http/http-parts.ts'
import type { Received, TestServer } from '../http/http-parts.ts'
import { testPeer, wanted } from '../upstream-parts.ts'
import type { TestPeer } from '../upstream-parts.ts'

/** An entry for a server on loopback. */
export function at (url: string, own: Partial<ServerSettings> = {}): Partial<ServerSettings> {
  return { transport: 'sse', url, command: '', allowPrivateNetwork: true, ...own }
}

/** An HTTP+SSE server whose strings the test pulls. */
export interface SsePuppet extends TestServer {
  /** Streams that were opened, newest last. */
  readonly streams: ServerResponse[]
  /** Writes on the newest stream: text as it is, anything else as a message. */
  say (...messages: unknown[]): void
}

export interface PuppetBehaviour {
  /** What the endpoint event says; undefined: nothing is said. Default `/messages?session=<n>`. */
  readonly endpoint?: (puppet: SsePuppet) => string | undefined
  /** Answers the GET instead of a stream; false: a stream after all. */
  readonly onGet?: (response: ServerResponse) => boolean
  /** Answers the POST instead of 202; false: 202 after all. */
  readonly onPost?: (received: Received) => boolean
}

/** Shakes hands and answers pings; the rest is up to the test. */
export async function ssePuppet (t: TestContext, own: PuppetBehaviour = {}): Promise<SsePuppet> {
  const streams: ServerResponse[] = []
  const server = await serve(t, (received) => {
    if (received.verb === 'GET') openStream(received.response)
    else if (own.onPost?.(received) !== true) accept(received)
  })
  const puppet: SsePuppet = Object.assign(server, {
    streams,
    say (...messages: unknown[]) {
      for (const message of messages) streams.at(-1)?.write(typeof message === 'string' ? message : `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message as object })}\n\n`)
    }
  })

  function openStream (response: ServerResponse): void {
    if (own.onGet?.(response) === true) return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    streams.push(response)
    const endpoint = own.endpoint === undefined ? `/messages?session=${streams.length}` : own.endpoint(puppet)
    response.write(endpoint === undefined ? ': nothing yet\n\n' : `event: endpoint\ndata: ${endpoint}\n\n`)
  }

  function accept ({ response, method, id }: Received): void {
    response.writeHead(202).end('Accepted')
    if (method === 'initialize') puppet.say({ id, result: { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo: { name: 'sse-puppet', version: '1' } } })
    if (method === 'ping') puppet.say({ id, result: {} })
  }

  return puppet
}

export interface Opened {
  readonly connection: Connection
  readonly peer: TestPeer
  readonly faults: string[]
  readonly thrown: unknown[]
}

/** Opens a connection without a place around it. */
export async function open (t: TestContext, entry: Partial<ServerSettings>, own: { times?: SseTimes, signal?: AbortSignal, capabilities?: JsonObject } = {}): Promise<Opened> {
  const peer = testPeer()
  const faults: string[] = []
  const thrown: unknown[] = []
  const options = { version: '0', probes: new FirstProbes(), nowMs: () => performance.now(), onFault: (_server: unknown, kind: string) => { faults.push(kind) }, onThrown: (one: unknown) => { thrown.push(one) } }
  const told = { process () {}, failed () {}, peer: () => peer }
  const verdicts = createEraVerdicts({ file: undefined, wallMs: Date.now, onThrown: options.onThrown })
  const request = wanted(entry, own.capabilities === undefined ? {} : { capabilities: own.capabilities })
  const connection = await openSse(options, request, told, verdicts, own.signal ?? new AbortController().signal, own.times)
  t.after(() => connection.close())
  return { connection, peer, faults, thrown }
}

/** Starts a program that prints {"url": …} when it listens; it ends with the test. */
async function startServer (t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ url: string, stop (): Promise<void> }> {
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  t.after(stop)
  const urls: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => { if (line.startsWith('{"url"')) urls.push((JSON.parse(line) as { url: string }).url) })
  return { url: await until('the server listens', () => urls[0], 30_000), stop }
}

/** The conformance fixture with SDK v1's SSEServerTransport. */
export function startConformance (t: TestContext): ReturnType<typeof startServer> {
  return startServer(t, [fileURLToPath(new URL('../../../fixtures/conformance/http.mjs', import.meta.url)), 'sse'])
}

/** It would listen on every address; on any port it is told nobody which. */
const LOOPBACK = `import net from 'node:net'
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (_port, ...rest) {
  this.once('listening', () => console.log(JSON.stringify({ url: 'http://127.0.0.1:' + this.address().port + '/sse' })))
  return listen.call(this, { port: 0, host: '127.0.0.1' }, ...rest.filter((one) => typeof one === 'function'))
}`

/** server-everything in its `sse` mode, on loopback. */
export function startEverything (t: TestContext): ReturnType<typeof startServer> {
  return startServer(t, ['--import', `data:text/javascript,${encodeURIComponent(LOOPBACK)}`, clientFile('@modelcontextprotocol/server-everything/dist/index.js'), 'sse'])
}
