// Asks a gateway what a client would ask, from inside its container: node --input-type=module - WHAT [TENANT | ORIGIN] < smoke.mjs
//
//   gateway TENANT   this replica is ready, makes a token, and lists the tools of its servers for it: servers are started
//   nginx ORIGIN     /ready through nginx, over TLS, under the public name
//   ready            /ready of this replica, and what /health says
//
// Prints one line; exit code 1 if it is not so. Needs nothing but Node, so it fits every version of the image.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'

const { HOST = '127.0.0.1', PORT = '8080', DRAWBRIDGE_MANAGEMENT_HOST = '127.0.0.1', DRAWBRIDGE_REPLICA = '', PUBLIC_URL = 'https://localhost' } = process.env
const publicHost = new URL(PUBLIC_URL).host
const front = `http://${HOST}:${PORT}`
const [what, argument] = process.argv.slice(2)
/** Servers are started for the list; the first start of a package is compared with its lock. */
const TIMEOUT_MS = 45_000
const MODERN = '2026-07-28'

function ask (url, { method = 'GET', headers = {}, body } = {}) {
  const { request } = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    // The name of a certificate that an operator has just put in place is health-check's business.
    const asked = request(url, { method, headers: { host: publicHost, ...headers }, timeout: TIMEOUT_MS, servername: new URL(PUBLIC_URL).hostname, rejectUnauthorized: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk) => { text += chunk })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
    })
    asked.on('timeout', () => asked.destroy(new Error(`${url}: no answer in ${TIMEOUT_MS / 1000} s`)))
    asked.on('error', reject)
    asked.end(body)
  })
}

async function wanted (status, url, options) {
  const answer = await ask(url, options)
  if (answer.status !== status) throw new Error(`${url}: ${answer.status} instead of ${status}: ${answer.text.slice(0, 300)}`)
  return answer
}

async function ready () {
  await wanted(200, `${front}/ready`)
  const { text } = await ask(`${front}/health`)
  return `ready, health: ${JSON.parse(text).status}`
}

/** A token of a few seconds for a user of this replica's own, who has nothing and is nobody else. */
async function token (tenant) {
  const management = readFileSync('/run/secrets/management_token', 'utf8').trim()
  const { text } = await wanted(201, `http://${DRAWBRIDGE_MANAGEMENT_HOST}:8081/admin/tokens`, {
    method: 'POST',
    headers: { host: `${DRAWBRIDGE_MANAGEMENT_HOST}:8081`, authorization: `Bearer ${management}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant, user: `smoke-${DRAWBRIDGE_REPLICA}`, expiresInSeconds: 60 })
  })
  return JSON.parse(text).token
}

async function gateway (tenant) {
  const state = await ready()
  await wanted(401, `${front}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })
  const list = await wanted(200, `${front}/mcp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token(tenant)}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'smoke', version: '1.0.0' } } } })
  })
  const message = JSON.parse(list.text.startsWith('{') ? list.text : list.text.split('\n').findLast((line) => line.startsWith('data: {')).slice(6))
  const tools = message.result?.tools
  if (!Array.isArray(tools) || tools.length === 0) throw new Error(`no tools: ${JSON.stringify(message).slice(0, 300)}`)
  return `${state}, ${tools.length} tools of ${tenant}, answered by ${list.headers['x-drawbridge-replica']}`
}

async function nginx (origin) {
  const { headers } = await wanted(200, `${origin}/ready`)
  return `ready through nginx over TLS (${headers['x-drawbridge-replica'] ?? 'replica not named'})`
}

/** On a machine that is busy starting replicas, servers may not be up in time for the first list. */
const ATTEMPTS = { gateway: 4, nginx: 4, ready: 1 }
const checks = { gateway, nginx, ready }

for (let attempt = 1; ; attempt++) {
  try {
    console.log(await checks[what](argument))
    break
  } catch (error) {
    if (attempt < ATTEMPTS[what]) {
      await pause(1000)
      continue
    }
    console.error(error.message)
    process.exitCode = 1
    break
  }
}
