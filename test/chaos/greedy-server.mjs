// A server that takes what it can get: memory (eat), processors (spin), processes (fork). `echo` is for comparison.
import { spawn } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { createInterface } from 'node:readline'

const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const kept = []

const tools = {
  echo: async ({ text: value, delayMs }) => {
    if (delayMs) await pause(delayMs)
    return text(value)
  },
  eat: async ({ megabytes }) => {
    // Filled, since memory that nobody has written to is none.
    for (let taken = 0; taken < megabytes; taken += 16) {
      kept.push(Buffer.alloc(16 * 1024 * 1024, 1))
      await pause(1)
    }
    return text(megabytes)
  },
  spin: async ({ threads, forMs }) => {
    const spinning = Array.from({ length: threads }, () => new Worker('for (;;);', { eval: true }))
    await pause(forMs)
    await Promise.all(spinning.map((worker) => worker.terminate()))
    return text('spun')
  },
  fork: async ({ count }) => {
    const started = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
      try {
        const child = spawn('sleep', ['5'], { stdio: 'ignore' })
        child.once('spawn', () => resolve(1)).once('error', () => resolve(0))
      } catch {
        resolve(0)
      }
    })))
    return text(started.reduce((sum, one) => sum + one, 0))
  }
}

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  if (method === 'initialize') return write({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'greedy', version: '1.0.0' } } })
  if (method === 'tools/list') return write({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) } })
  if (method === 'tools/call') return write({ id, result: await tools[params.name](params.arguments ?? {}) })
  write({ id, ...(method === 'ping' ? { result: {} } : { error: { code: -32601, message: 'Method not found' } }) })
}).on('close', () => process.exit(0))
