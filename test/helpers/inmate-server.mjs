/**
 * MCP server on stdio for tests of containment: its one tool `run` runs the JavaScript it is given, so that a test can look at
 * the world from inside. No dependencies, so that all it needs is this file and its Node.
 */
import { createInterface } from 'node:readline'

const AsyncFunction = (async () => {}).constructor
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

async function answer ({ method, params }) {
  if (method === 'initialize') return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'inmate', version: '1.0.0' } }
  if (method === 'tools/list') return { tools: [{ name: 'run', inputSchema: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] } }] }
  if (method !== 'tools/call') return {}
  try {
    const value = await new AsyncFunction('fs', 'load', params.arguments.code)(await import('node:fs'), (name) => import(name))
    return { content: [{ type: 'text', text: JSON.stringify(value ?? null) }] }
  } catch (error) {
    return { isError: true, content: [{ type: 'text', text: error.code ?? String(error) }] }
  }
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const message = JSON.parse(line)
  if (message.id !== undefined && message.method !== undefined) say({ id: message.id, result: await answer(message) })
}).on('close', () => process.exit(0))
