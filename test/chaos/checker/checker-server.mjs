// The MCP server that the session checker calls, over stdio, of both eras' clients: everything it says begins with whose worker
// it is. Tools: `echo`, `inc` (leaves a line in LEDGER before it answers: not to be run twice), `put` and `get` (one value, in
// memory), `slow` (two seconds), `metered` (as `echo`).
import { appendFileSync } from 'node:fs'
import { announceReady, answer, negotiate, readMessages, refuse, textResult } from '../../fixtures/stdio-servers/base.mjs'

const { LEDGER = '', OWNER = '' } = process.env
const SLOW_MS = 2000
const running = new Map()
let value = 'nothing'

const say = (id, text) => answer(id, textResult(`${OWNER} ${text}`))
const TOOLS = {
  echo: (id, { nonce }) => say(id, nonce),
  metered: (id, { nonce }) => say(id, nonce),
  inc: (id, { nonce }) => {
    appendFileSync(LEDGER, `${nonce}\n`)
    return say(id, nonce)
  },
  put: (id, { nonce }) => {
    value = nonce
    return say(id, nonce)
  },
  get: (id) => say(id, value),
  slow: (id, { nonce }) => {
    running.set(id, setTimeout(() => {
      running.delete(id)
      process.stdout.write(say(id, nonce))
    }, SLOW_MS))
    return ''
  }
}

readMessages(({ id, method, params }) => {
  if (method === 'notifications/cancelled') clearTimeout(running.get(params.requestId))
  if (id === undefined || method === undefined) return undefined
  switch (method) {
    case 'initialize': return answer(id, { protocolVersion: negotiate(params.protocolVersion), capabilities: { tools: { listChanged: true }, logging: {} }, serverInfo: { name: 'checker', version: '1.0.0' } })
    case 'logging/setLevel':
    case 'ping': return answer(id, {})
    case 'tools/list': return answer(id, { tools: [...Object.keys(TOOLS), `of-${OWNER}`].map((name) => ({ name, inputSchema: { type: 'object' } })) })
    case 'tools/call': return Object.hasOwn(TOOLS, params.name) ? TOOLS[params.name](id, params.arguments ?? {}) : refuse(id, -32602, 'Unknown tool')
    default: return refuse(id, -32601, 'Method not found')
  }
})
announceReady()
