// An MCP server over stdio that breaks the rules on request. How it starts is chosen by the environment, because a
// server that never answers cannot be told anything later; what it does afterwards is chosen by the tool called.
//
// UNRULY_START   exit      ends with code 1 at once, unless the file UNRULY_FIXED exists
//                silent    never answers anything
//                slow      answers initialize after UNRULY_DELAY_MS
//                stubborn  ignores end-of-file and SIGTERM
// UNRULY_SPAWNS  append-only file: "<pid> <ms since 1970>" per start, to count starts that never got as far as MCP
import { appendFileSync, existsSync } from 'node:fs'

const mode = process.env.UNRULY_START ?? ''
if (process.env.UNRULY_SPAWNS) appendFileSync(process.env.UNRULY_SPAWNS, `${process.pid} ${Date.now()}\n`)
if (mode === 'exit' && !(process.env.UNRULY_FIXED && existsSync(process.env.UNRULY_FIXED))) {
  process.stderr.write('unruly: SECRET-IN-STDERR cannot start\n')
  process.exit(1)
}
if (mode === 'stubborn') {
  process.on('SIGTERM', () => {})
  setInterval(() => {}, 60_000)
}

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })
const never = () => new Promise(() => {})
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const tools = {
  echo: async ({ text: value, delayMs }) => {
    if (delayMs) await pause(delayMs)
    return text(value)
  },
  // stderr at full speed for a while; calls go on meanwhile.
  flood: async ({ forMs }) => {
    const endMs = performance.now() + forMs
    const block = 'x'.repeat(65_535) + '\n'
    let bytes = 0
    while (performance.now() < endMs) {
      await new Promise((resolve) => process.stderr.write(block, resolve))
      bytes += block.length
    }
    return text(bytes)
  },
  half_line_then_exit: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":', () => process.exit(3))
    return never()
  },
  half_line_then_silence: () => {
    process.stdout.write('{"jsonrpc":"2.0","id":')
    process.stdin.pause()
    return never()
  },
  endless_line: async () => {
    const block = 'y'.repeat(1 << 20)
    for (;;) await new Promise((resolve) => process.stdout.write(block, resolve))
  },
  garbage: ({ lines }) => {
    for (let line = 0; line < lines; line++) process.stdout.write(`banner ${line} — not JSON\n`)
    return text('after the garbage')
  },
  // Answers to ids that nobody asked under, in every type an id can have.
  forged_ids: () => {
    for (let id = 0; id < 200; id++) {
      write({ id, result: text('FORGED') })
      write({ id: String(id), result: text('FORGED') })
    }
    write({ id: null, result: text('FORGED') })
    write({ id: { deep: 1 }, result: text('FORGED') })
    return text('honest')
  },
  answer_twice: (_args, id) => {
    write({ id, result: text('first') })
    return text('second')
  },
  crash: () => process.kill(process.pid, 'SIGKILL'),
  hang: never,
  stop_reading: () => {
    process.stdin.pause()
    return text('deaf now')
  },
  pid: () => text(process.pid)
}

const anything = { type: 'object', additionalProperties: true }

async function handle (message) {
  if (message.id === undefined || message.method === undefined) return
  if (message.method === 'initialize') {
    if (mode === 'slow') await pause(Number(process.env.UNRULY_DELAY_MS))
    return write({ id: message.id, result: { protocolVersion: message.params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'unruly', version: '1.0.0' } } })
  }
  if (message.method === 'ping') return write({ id: message.id, result: {} })
  if (message.method === 'tools/list') return write({ id: message.id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: anything })) } })
  if (message.method !== 'tools/call' || !Object.hasOwn(tools, message.params.name)) return write({ id: message.id, error: { code: -32601, message: 'Method not found' } })
  write({ id: message.id, result: await tools[message.params.name](message.params.arguments ?? {}, message.id) })
}

let rest = ''
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  if (mode === 'silent') return
  const parts = (rest + chunk).split('\n')
  rest = parts.pop()
  for (const part of parts) handle(JSON.parse(part))
}).on('end', () => {
  if (mode !== 'stubborn') process.exit(0)
})
