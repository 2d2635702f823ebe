// An MCP server over stdio whose every call leaves a line behind: what ran, and how often, is then not a matter of answers.
//
// LEDGER  append-only file; "<nonce> <pid>" per call, before its answer; "+ <pid> <owner>" when it starts, "- <pid> <owner>" when it ends
// LINGER  milliseconds that it takes to end; default 0
// OWNER   put into every answer: whose worker this is
import { appendFileSync } from 'node:fs'

const { LEDGER = '', LINGER = '0', OWNER = '' } = process.env
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
let count = 0
appendFileSync(LEDGER, `+ ${process.pid} ${OWNER}\n`)
process.on('exit', () => appendFileSync(LEDGER, `- ${process.pid} ${OWNER}\n`))
const end = () => setTimeout(() => process.exit(0), Number(LINGER))
process.on('SIGTERM', end)

const tools = {
  // Takes so long, then it has happened.
  work: async ({ nonce, ms = 0 }) => {
    if (ms > 0) await pause(ms)
    appendFileSync(LEDGER, `${nonce} ${process.pid}\n`)
    return text(`${nonce} ${OWNER}`)
  },
  // What the worker keeps: how often it was called.
  count: ({ nonce }) => {
    appendFileSync(LEDGER, `${nonce} ${process.pid}\n`)
    return text(`${++count} ${process.pid} ${OWNER}`)
  }
}

async function handle ({ id, method, params }) {
  if (id === undefined || method === undefined) return
  if (method === 'initialize') return write({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'ledger', version: '1.0.0' } } })
  if (method === 'ping') return write({ id, result: {} })
  if (method === 'tools/list') return write({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object', additionalProperties: true } })) } })
  if (method !== 'tools/call' || !Object.hasOwn(tools, params.name)) return write({ id, error: { code: -32601, message: 'Method not found' } })
  write({ id, result: await tools[params.name](params.arguments ?? {}) })
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const parts = (rest + chunk).split('\n')
  rest = parts.pop()
  for (const part of parts) handle(JSON.parse(part))
}).on('end', end)
