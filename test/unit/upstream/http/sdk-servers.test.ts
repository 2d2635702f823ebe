/** Connections to the servers that people write with the official SDKs. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { before, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { JsonObject } from '../../../../src/protocol/index.ts'
import type { Era } from '../../../../src/shared/era.ts'
import { importClient, missing } from '../../../helpers/programs.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, listen, open, replied } from './http-parts.ts'

type Tool = (server: McpServer) => void

/** A tool that reports progress, asks the client and logs, all about its own call. */
const asking: Tool = (server) => {
  server.registerTool('ask', { description: 'asks' }, async (extra) => {
    await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: extra._meta?.progressToken ?? 0, progress: 1 } })
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'working' } })
    const answer = await server.server.elicitInput({ message: 'Sure?', requestedSchema: { type: 'object', properties: {} } }, { relatedRequestId: extra.requestId })
    return { content: [{ type: 'text', text: answer.action }] }
  })
}

/** A tool that says whether its call was cancelled. */
const waiting = (cancelled: () => void): Tool => (server) => {
  server.registerTool('wait', { description: 'waits' }, async (extra) => {
    await new Promise<void>((resolve) => extra.signal.addEventListener('abort', () => { cancelled(); resolve() }))
    return { content: [] }
  })
}

function makeServer (tools: readonly Tool[]): McpServer {
  const server = new McpServer({ name: 'sdk', version: '1' }, { capabilities: { logging: {} } })
  server.registerTool('echo', { description: 'echoes' }, () => ({ content: [{ type: 'text', text: 'hello' }] }))
  for (const tool of tools) tool(server)
  return server
}

async function readBody (request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return pieces.length === 0 ? undefined : JSON.parse(Buffer.concat(pieces).toString())
}

interface SdkServer { readonly url: string, readonly sessions: Map<string, StreamableHTTPServerTransport>, readonly servers: McpServer[] }

/** As the SDK's examples have it: a transport per session. */
async function sessionful (t: TestContext, tools: readonly Tool[] = [], enableJsonResponse = false): Promise<SdkServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const servers: McpServer[] = []
  async function handle (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request) as JsonObject | undefined
    const id = request.headers['mcp-session-id'] as string | undefined
    let transport = id === undefined ? undefined : sessions.get(id)
    if (transport === undefined) {
      if (id !== undefined) { response.writeHead(404).end(); return }
      if (body?.['method'] !== 'initialize') {
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}')
        return
      }
      const fresh: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse,
        onsessioninitialized: (session) => { sessions.set(session, fresh) },
        onsessionclosed: (session) => { sessions.delete(session) }
      })
      const server = makeServer(tools)
      servers.push(server)
      await server.connect(fresh as Parameters<McpServer['connect']>[0])
      transport = fresh
    }
    await transport.handleRequest(request, response, body)
  }
  const { port } = await listen(t, listenerOf(handle))
  t.after(() => Promise.all(servers.map((server) => server.close())))
  return { url: `http://127.0.0.1:${port}/mcp`, sessions, servers }
}

/** A server and a transport per request. */
async function stateless (t: TestContext): Promise<string> {
  const { port } = await listen(t, listenerOf(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({})
    const server = makeServer([])
    response.on('close', () => { server.close().catch(() => {}) })
    await server.connect(transport as Parameters<McpServer['connect']>[0])
    await transport.handleRequest(request, response, await readBody(request))
  }))
  return `http://127.0.0.1:${port}/mcp`
}

function listenerOf (handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): RequestListener {
  return (request, response) => {
    handle(request, response).catch(() => { response.destroy() })
  }
}

const hello = { content: [{ type: 'text', text: 'hello' }] }
const echo = { method: 'tools/call', params: { name: 'echo', arguments: {} } }

describe('servers of the SDK 1.x', () => {
  for (const era of ['legacy', 'modern'] as const satisfies readonly Era[]) {
    it(`sessionful: lists and calls, for a ${era} client`, async (t) => {
      const server = await sessionful(t)
      const { connection } = await open(t, server.url, {}, { era })
      assert.equal(connection.era, 'legacy')
      const { result } = await ask(connection, { method: 'tools/list', params: {} })
      assert.deepEqual((result as { tools: Array<{ name: string }> }).tools.map((tool) => tool.name), ['echo'])
      assert.deepEqual((await ask(connection, echo)).result, hello)
      await connection.close()
      assert.equal(server.sessions.size, 0)
    })

    it(`stateless: lists and calls, for a ${era} client`, async (t) => {
      const { connection } = await open(t, await stateless(t), {}, { era })
      assert.equal(connection.era, 'legacy')
      assert.deepEqual((await ask(connection, echo)).result, hello)
    })
  }

  it('in JSON mode', async (t) => {
    const server = await sessionful(t, [], true)
    const { connection } = await open(t, server.url)
    assert.deepEqual((await ask(connection, echo)).result, hello)
  })

  it('report progress, log and ask about the call that is theirs', async (t) => {
    const server = await sessionful(t, [asking])
    const { connection, peer } = await open(t, server.url, {}, { capabilities: { elicitation: { form: {} } } })
    peer.answer = () => Promise.resolve({ result: { action: 'decline' } })
    const call = testCall({ params: { name: 'ask', arguments: {} } })
    connection.call(call)
    assert.deepEqual((await replied(call)).result, { content: [{ type: 'text', text: 'decline' }] })
    assert.deepEqual(call.progress.map(({ progress }) => progress), [1])
    assert.deepEqual(peer.heard.map(({ method, about }) => [method, about]), [['notifications/message', call]])
    assert.deepEqual(peer.asked.map(({ method, about }) => [method, about]), [['elicitation/create', call]])
  })

  it('are told of a cancellation', async (t) => {
    let cancelled = 0
    const server = await sessionful(t, [waiting(() => { cancelled++ })])
    const { connection } = await open(t, server.url)
    const call = testCall({ params: { name: 'wait', arguments: {} } })
    const handle = connection.call(call)
    await until('it was sent', () => handle.sent)
    assert.deepEqual((await ask(connection, echo)).result, hello)
    handle.cancel('client_cancelled')
    await until('it was cancelled', () => cancelled === 1)
  })

  it('say on the stream of the session what belongs to no call', async (t) => {
    const server = await sessionful(t)
    const { peer } = await open(t, server.url)
    await until('it is heard', () => {
      server.servers[0]?.sendToolListChanged()
      return peer.heard.some(({ method, about }) => method === 'notifications/tools/list_changed' && about === undefined)
    })
  })

  it('may forget every session: nothing is lost and nothing runs twice (FR12)', async (t) => {
    let runs = 0
    const server = await sessionful(t, [(own) => {
      own.registerTool('count', { description: 'counts' }, () => {
        runs++
        return { content: [] }
      })
    }])
    const { connection, peer } = await open(t, server.url)
    for (let turn = 0; turn < 3; turn++) {
      server.sessions.clear()
      const replies = await Promise.all(Array.from({ length: 20 }, () => ask(connection, { params: { name: 'count', arguments: {} } })))
      assert.ok(replies.every((reply) => reply.error === undefined))
    }
    assert.equal(runs, 60)
    assert.equal(server.servers.length, 4)
    assert.equal(peer.resets, 3)
  })
})

/** The parts of the SDK 2.x that are used here. */
interface Sdk2 {
  createMcpHandler (factory: () => unknown, options: object): { notify: { toolsChanged (): void }, close (): Promise<void> }
  fromJsonSchema (schema: object): unknown
  McpServer: new (info: object, options?: object) => { registerTool (name: string, config: object, run: (...given: never[]) => unknown): void }
}
interface Sdk2Node { toNodeHandler (handler: object): RequestListener }

describe('servers of the SDK 2.x', { skip: missing('clients') }, () => {
  let sdk: Sdk2
  let node: Sdk2Node

  before(async () => {
    sdk = await importClient<Sdk2>('@modelcontextprotocol/server/dist/index.mjs')
    node = await importClient<Sdk2Node>('@modelcontextprotocol/node/dist/index.mjs')
  })

  async function served (t: TestContext, legacy: 'stateless' | 'reject', cancelled: () => void = () => {}): Promise<{ url: string, handler: ReturnType<Sdk2['createMcpHandler']> }> {
    const handler = sdk.createMcpHandler(() => {
      const server = new sdk.McpServer({ name: 'sdk2', version: '2' }, { capabilities: { tools: { listChanged: true } } })
      server.registerTool('echo', { description: 'echoes' }, () => hello)
      server.registerTool('region', { description: 'mirrors', inputSchema: sdk.fromJsonSchema({ type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }) },
        (args: { region: string }) => ({ content: [{ type: 'text', text: args.region }] }))
      server.registerTool('wait', { description: 'waits' }, async (context: { mcpReq: { signal: AbortSignal } }) => {
        await new Promise<void>((resolve) => context.mcpReq.signal.addEventListener('abort', () => { cancelled(); resolve() }))
        return { content: [] }
      })
      return server
    }, { legacy })
    const { port } = await listen(t, node.toNodeHandler(handler))
    t.after(() => handler.close())
    return { url: `http://127.0.0.1:${port}/mcp`, handler }
  }

  it('of both eras are spoken to in the client\'s', async (t) => {
    const { url } = await served(t, 'stateless')
    for (const era of ['modern', 'legacy'] as const) {
      const { connection } = await open(t, url, {}, { era })
      assert.equal(connection.era, era)
      assert.deepEqual(((await ask(connection, echo)).result as JsonObject)['content'], hello.content)
    }
  })

  it('that are modern only are so for legacy clients too', async (t) => {
    const { url } = await served(t, 'reject')
    const { connection } = await open(t, url, {}, { era: 'legacy' })
    assert.equal(connection.era, 'modern')
    const { result } = await ask(connection, { method: 'tools/list', params: {} })
    assert.ok((result as { tools: unknown[] }).tools.length === 3)
    assert.equal((connection.initializeResult['serverInfo'] as JsonObject)['name'], 'sdk2')
  })

  it('check mirrored arguments: with the headers a call runs, without them it is -32020', async (t) => {
    const { url } = await served(t, 'reject')
    const { connection } = await open(t, url, {}, { era: 'modern' })
    const params = { name: 'region', arguments: { region: 'größe 1' } }
    const mirrored = [{ header: 'mcp-param-region', path: ['region'], type: 'string' }] as const
    const good = await ask(connection, { params, mirrored })
    assert.deepEqual((good.result as JsonObject)['content'], [{ type: 'text', text: 'größe 1' }])
    assert.equal((await ask(connection, { params })).error?.code, -32020)
  })

  it('take the end of the exchange for a cancellation', async (t) => {
    let cancelled = 0
    const { url } = await served(t, 'reject', () => { cancelled++ })
    const { connection } = await open(t, url, {}, { era: 'modern' })
    const handle = connection.call(testCall({ params: { name: 'wait', arguments: {} } }))
    await until('it was sent', () => handle.sent)
    assert.deepEqual(((await ask(connection, echo)).result as JsonObject)['content'], hello.content)
    handle.cancel('client_disconnected')
    await until('it was cancelled', () => cancelled === 1)
  })

  it('can be listened to', async (t) => {
    const { url, handler } = await served(t, 'reject')
    const { connection } = await open(t, url, {}, { era: 'modern' })
    const log: string[] = []
    const listening = connection.listen?.({
      notifications: { toolsListChanged: true },
      onAcknowledged: (honoured) => { log.push(JSON.stringify(honoured)) },
      onNotification: (method, params) => { log.push(`${method} ${JSON.stringify(params)}`) },
      onEnd: () => { log.push('end') }
    })
    await until('it is acknowledged', () => log.length === 1)
    handler.notify.toolsChanged()
    await until('it is heard', () => log.length === 2)
    assert.match(log[0] ?? '', /"toolsListChanged":true/)
    assert.match(log[1] ?? '', /^notifications\/tools\/list_changed/)
    assert.ok(!log[1]?.includes('subscriptionId'))
    listening?.close()
  })
})
