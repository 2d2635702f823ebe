// A Streamable HTTP server (2025-11-25, with sessions) that misbehaves on demand. Tools: `echo`, which appends its `nonce` to
// the file that the second argument names before it answers, and `slow`, which answers after the third argument's ms.
// argv: port, journal, slow ms. POST /mode with `ok`, `503`, `reset`, `silent`, `reset-mid`, `forget`, `endless` or `drip`
// changes what it does next; GET /stats tells sessions opened, requests seen by method, and connections open.
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const [port, journal, slowMs = '2000'] = process.argv.slice(2)
const sessions = new Set()
const seen = {}
let mode = 'ok'
let opened = 0

const server = createServer((request, response) => {
  if (request.url === '/stats') return sendStats(response)
  const chunks = []
  request.on('data', (chunk) => { chunks.push(chunk) })
  request.on('error', () => {})
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString()
    if (request.url === '/mode') {
      mode = text
      if (mode === 'forget') sessions.clear()
      response.end()
    } else answer(request, response, text).catch(() => { response.destroy() })
  })
})

/** @param {import('node:http').ServerResponse} response */
function sendStats (response) {
  server.getConnections((_error, connections) => { response.end(JSON.stringify({ opened, seen, connections })) })
}

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response @param {string} text */
async function answer (request, response, text) {
  if (request.method === 'GET') return response.writeHead(405).end()
  if (request.method === 'DELETE') return response.writeHead(sessions.delete(request.headers['mcp-session-id']) ? 200 : 404).end()
  const message = JSON.parse(text)
  seen[message.method] = (seen[message.method] ?? 0) + 1
  if (mode === '503') return response.writeHead(503, { 'content-type': 'text/plain' }).end('down')
  if (mode === 'reset') return request.socket.resetAndDestroy()
  if (mode === 'silent') return undefined
  if (message.method === 'initialize') return initialize(response, message)
  if (!sessions.has(request.headers['mcp-session-id'])) return response.writeHead(404).end()
  if (message.id === undefined) return response.writeHead(202).end()
  if (message.method === 'tools/call') return await call(request, response, message)
  if (message.method === 'tools/list') return send(response, message, { tools: ['echo', 'slow'].map((name) => ({ name, inputSchema: { type: 'object' } })) })
  return send(response, message, {})
}

function initialize (response, message) {
  const id = randomUUID()
  sessions.add(id)
  opened++
  response.setHeader('mcp-session-id', id)
  send(response, message, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'chaos', version: '1.0.0' } })
}

async function call (request, response, message) {
  const { name, arguments: args } = message.params
  if (args.nonce !== undefined && journal !== undefined) appendFileSync(journal, `${args.nonce}\n`)
  if (name === 'slow') await pause(Number(slowMs))
  if (mode === 'reset-mid') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'first' } })}\n\n`)
    return setTimeout(() => { request.socket.resetAndDestroy() }, 20)
  }
  if (mode === 'endless' || mode === 'drip') return stream(response)
  send(response, message, { content: [{ type: 'text', text: args.text ?? '' }] })
}

/** One event a second, or one byte a second, for ever. */
function stream (response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const text = mode === 'drip' ? ':' : `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'more' } })}\n\n`
  const timer = setInterval(() => { response.write(text) }, 1000)
  response.on('close', () => { clearInterval(timer) })
}

function send (response, message, result) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
}

server.listen(Number(port), '127.0.0.1', () => { process.stderr.write('ready\n') })
