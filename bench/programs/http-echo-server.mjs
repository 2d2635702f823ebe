// The cheapest useful MCP server over Streamable HTTP, on node:http alone: the tool `echo` of echo-server.mjs, plain JSON
// replies. `--era=legacy` (default): sessions, which are asked for and checked; `--era=modern`: 2026-07-28. `--reverse`
// answers what came in one turn of the event loop in reverse order. `--tag=…` is not read: it lets the bench recognise
// the process. argv: port.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const isModern = process.argv.includes('--era=modern')
const reverse = process.argv.includes('--reverse')
const NEWEST = '2026-07-28'
const serverInfo = { name: 'bench-http-echo', version: '1.0.0' }
const tools = [{
  name: 'echo',
  description: 'Answers with the message',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] }
}]
/** @type {Set<string>} */
const sessions = new Set()

/** @typedef {import('node:http').IncomingMessage} Request @typedef {import('node:http').ServerResponse} Response */

/** @param {Response} response @param {number} status @param {object} message @param {object} [headers] */
function write (response, status, message, headers) {
  const text = JSON.stringify(message)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers })
  response.end(text)
}

/** @type {Array<() => void>} */
let due = []

/** @param {() => void} send */
function inTurn (send) {
  if (!reverse) return send()
  if (due.push(send) > 1) return
  setImmediate(() => {
    const all = due
    due = []
    for (const one of all.reverse()) one()
  })
}

/** @param {any} message @param {Request} request @param {Response} response */
function answerLegacy (message, request, response) {
  const session = request.headers['mcp-session-id']
  const { id, method } = message
  if (method === 'initialize') {
    const fresh = randomUUID()
    sessions.add(fresh)
    const result = { protocolVersion: message.params.protocolVersion, capabilities: { tools: {} }, serverInfo }
    return write(response, 200, { jsonrpc: '2.0', id, result }, { 'mcp-session-id': fresh })
  }
  if (typeof session !== 'string' || !sessions.has(session)) return write(response, session === undefined ? 400 : 404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'no such session' } })
  answer(message, response, {})
}

/** @param {any} message @param {Request} request @param {Response} response */
function answerModern (message, request, response) {
  const { id, method } = message
  if (request.headers['mcp-protocol-version'] !== NEWEST) return write(response, 400, { jsonrpc: '2.0', id: id ?? null, error: { code: -32022, message: 'unsupported', data: { supported: [NEWEST], requested: '' } } })
  const more = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
  if (method !== 'server/discover') return answer(message, response, more)
  write(response, 200, { jsonrpc: '2.0', id, result: { ...more, supportedVersions: [NEWEST], capabilities: { tools: {} }, serverInfo, ttlMs: 0, cacheScope: 'private' } })
}

/** @param {any} message @param {Response} response @param {object} more */
function answer ({ id, method, params }, response, more) {
  if (id === undefined) return response.writeHead(202, { 'content-length': 0 }).end()
  const hints = isModern ? { ttlMs: 0, cacheScope: 'private' } : {}
  switch (method) {
    case 'tools/call': return inTurn(() => write(response, 200, { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: params.arguments.message }], ...more } }))
    case 'tools/list': return write(response, 200, { jsonrpc: '2.0', id, result: { tools, ...more, ...hints } })
    case 'ping': return write(response, 200, { jsonrpc: '2.0', id, result: {} })
    default: return write(response, isModern ? 404 : 200, { jsonrpc: '2.0', id, error: { code: -32601, message: 'no such method' } })
  }
}

/** @param {Request} request @param {Response} response */
function serve (request, response) {
  if (request.method === 'DELETE') {
    sessions.delete(String(request.headers['mcp-session-id']))
    return response.writeHead(200, { 'content-length': 0 }).end()
  }
  if (request.method !== 'POST') return response.writeHead(405, { 'content-length': 0 }).end()
  /** @type {Buffer[]} */
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const message = JSON.parse((parts.length === 1 ? parts[0] : Buffer.concat(parts)).toString())
    if (isModern) answerModern(message, request, response)
    else answerLegacy(message, request, response)
  })
}

const server = createServer({ keepAliveTimeout: 600_000 }, serve)
server.listen(Number(process.argv[2]), '127.0.0.1')
process.on('SIGTERM', () => { process.exit(0) })
