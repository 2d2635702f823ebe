// What one writes in an afternoon with the official SDK: Express, StreamableHTTPServerTransport in front, a Client on
// StdioClientTransport behind, tools forwarded. No credential, limit, isolation or time-out. Not a product: the
// reference for "just use the SDK". argv: port, shared|session, json|sse, command, args…
import { randomUUID } from 'node:crypto'
import express from 'express'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, CallToolResultSchema, ListToolsRequestSchema, ListToolsResultSchema, isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'

const [port, childMode, replyMode, command, ...args] = process.argv.slice(2)
const info = { name: 'naive-proxy', version: '1.0.0' }

async function connectChild () {
  const client = new Client(info, { capabilities: {} })
  await client.connect(new StdioClientTransport({ command, args, stderr: 'ignore' }))
  return client
}

const sharedChild = childMode === 'shared' ? await connectChild() : undefined

/** @param {Client} client */
function createServer (client) {
  const server = new Server(info, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, (request) => client.request(request, ListToolsResultSchema))
  server.setRequestHandler(CallToolRequestSchema, (request) => client.request(request, CallToolResultSchema))
  return server
}

/** @type {Map<string, StreamableHTTPServerTransport>} */
const sessions = new Map()

async function openSession () {
  const child = sharedChild ?? await connectChild()
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    enableJsonResponse: replyMode === 'json',
    onsessioninitialized: (id) => { sessions.set(id, transport) }
  })
  transport.onclose = () => {
    if (transport.sessionId !== undefined) sessions.delete(transport.sessionId)
    if (child !== sharedChild) child.close()
  }
  await createServer(child).connect(transport)
  return transport
}

const app = express()
app.use(express.json({ limit: '4mb' }))
app.all('/mcp', async (request, response) => {
  const id = request.headers['mcp-session-id']
  const known = typeof id === 'string' ? sessions.get(id) : undefined
  if (known !== undefined) {
    await known.handleRequest(request, response, request.body)
  } else if (request.method === 'POST' && isInitializeRequest(request.body)) {
    const transport = await openSession()
    await transport.handleRequest(request, response, request.body)
  } else {
    response.status(404).json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } })
  }
})

const listener = app.listen(Number(port), '127.0.0.1')

process.on('SIGTERM', async () => {
  listener.close()
  await Promise.all([...sessions.values()].map((transport) => transport.close()))
  await sharedChild?.close()
  process.exit(0)
})
