// The cheapest useful MCP server over stdio: one tool, `echo`, which answers with its `message`. It costs a few
// microseconds per call, so that a benchmark in front of it measures the gateway. `--reverse` answers everything
// that one read brought in reverse order, so that a gateway that matched answers by order would be caught.
// `--tag=…` is not read: it lets the bench recognise the process.
const reverse = process.argv.includes('--reverse')
const tools = [{
  name: 'echo',
  description: 'Answers with the message',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] }
}]

/** @param {string} id @param {unknown} result */
const ok = (id, result) => `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}\n`

/** @param {{ id?: unknown, method?: string, params?: any }} request */
function answer (request) {
  if (request.id === undefined || request.method === undefined) return ''
  const id = JSON.stringify(request.id)
  switch (request.method) {
    case 'tools/call': return ok(id, { content: [{ type: 'text', text: request.params.arguments.message }] })
    case 'tools/list': return ok(id, { tools })
    case 'ping': return ok(id, {})
    case 'initialize': return ok(id, {
      protocolVersion: request.params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'bench-echo', version: '1.0.0' }
    })
    default: return `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"no such method"}}\n`
  }
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  const answers = lines.filter((line) => line !== '').map((line) => answer(JSON.parse(line)))
  const out = (reverse ? answers.reverse() : answers).join('')
  if (out !== '') process.stdout.write(out)
})
process.stdin.on('end', () => process.exit(0))
