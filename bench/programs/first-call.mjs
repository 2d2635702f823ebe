// What a client of its own pays: starts the command, says initialize and initialized, calls `echo` once, and prints one JSON
// line {initializeMs, firstCallMs} counted from the start. argv: the command and its arguments.
import { spawn } from 'node:child_process'

const [command = '', ...args] = process.argv.slice(2)
const startedAt = performance.now()
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
let initializeMs = 0

/** @param {object} message */
const say = (message) => { child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`) }

/** @param {{ id?: unknown, result?: unknown }} message */
function hear (message) {
  if (message.id === 1) {
    initializeMs = performance.now() - startedAt
    say({ method: 'notifications/initialized' })
    say({ id: 2, method: 'tools/call', params: { name: 'echo', arguments: { message: 'hello' } } })
  } else if (message.id === 2 && message.result !== undefined) {
    console.log(JSON.stringify({ initializeMs, firstCallMs: performance.now() - startedAt }))
    child.stdin.end()
    child.kill('SIGTERM')
  }
}

let rest = ''
child.stdout.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) if (line.startsWith('{')) hear(JSON.parse(line))
})
child.on('exit', () => process.exit(initializeMs === 0 ? 1 : 0))
say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } } })
