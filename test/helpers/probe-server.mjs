// A well-behaved MCP server over stdio that shows the gateway from the inside: what reached the process, which process
// answered, and every kind of question a server may ask its client. No dependencies, so that a worker starts in the time
// Node needs. Its own request ids and progress tokens start at 1 in every process on purpose: two workers always
// collide, so a gateway that forwards ids unchanged mixes answers up.
//
// Environment: PROBE_START_DELAY_MS (before the initialize answer), PROBE_LOG (append-only file: one line per call run),
// PROBE_EXTRA_TOOL (a tool of this name, which answers with it).
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const received = []
const inFlight = new Map()
const asked = new Map()
const cancelled = []
let nextAskId = 1
let memory = null
let clientCapabilities = {}
let extraTools = 0
let logLevel = null
const subscriptions = new Set()

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const notify = (method, params) => write({ method, ...(params ? { params } : {}) })
const text = (value) => ({ content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] })
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends a request to the client and resolves with the whole answer message. */
function ask (method, params) {
  const id = nextAskId++
  return new Promise((resolve) => {
    asked.set(id, resolve)
    write({ id, method, params })
  })
}

const schema = (properties = {}, required = []) => ({ type: 'object', properties, required })

const tools = {
  whoami: [schema(), () => text({ pid: process.pid, cwd: process.cwd(), argv: process.argv.slice(2), env: process.env, capabilities: clientCapabilities })],
  echo: [schema({ text: { type: 'string' }, delayMs: { type: 'number' } }, ['text']), async (args) => {
    if (args.delayMs) await pause(args.delayMs)
    return text(args.text)
  }],
  put: [schema({ value: { type: 'string' } }, ['value']), (args) => {
    memory = args.value
    return text('stored')
  }],
  get: [schema(), () => text({ pid: process.pid, value: memory })],
  received: [schema(), () => text(received)],
  cancelled: [schema(), () => text({ cancelled, inFlight: inFlight.size - 1 })],
  arguments: [{ type: 'object', additionalProperties: true }, (args) => text(args)],
  ask: [schema({ method: { type: 'string' }, params: { type: 'object' } }, ['method']), async (args) => {
    const { result, error } = await ask(args.method, args.params)
    return text({ pid: process.pid, result, error })
  }],
  progress: [schema({ steps: { type: 'number' }, everyMs: { type: 'number' }, label: { type: 'string' } }, ['steps']), async (args, meta) => {
    for (let step = 1; step <= args.steps; step++) {
      await pause(args.everyMs ?? 5)
      if (meta?.progressToken !== undefined) notify('notifications/progress', { progressToken: meta.progressToken, progress: step, total: args.steps, message: args.label })
    }
    return text(`done ${args.label ?? ''}`)
  }],
  log: [schema({ data: { type: 'string' }, level: { type: 'string' } }, ['data']), (args) => {
    notify('notifications/message', { level: args.level ?? 'info', logger: 'probe', data: args.data })
    return text({ level: logLevel })
  }],
  grow: [schema(), () => {
    extraTools++
    notify('notifications/tools/list_changed')
    return text('grown')
  }],
  touch: [schema({ uri: { type: 'string' } }, ['uri']), (args) => {
    if (subscriptions.has(args.uri)) notify('notifications/resources/updated', { uri: args.uri })
    return text({ subscribed: [...subscriptions] })
  }],
  size: [schema({ data: { type: 'string' } }, ['data']), (args) => text({ characters: args.data.length, bytes: Buffer.byteLength(args.data) })],
  blob: [schema({ bytes: { type: 'number' } }, ['bytes']), (args) => text('b'.repeat(args.bytes))],
  hang: [schema(), () => new Promise(() => {})],
  crash: [schema(), () => process.kill(process.pid, 'SIGKILL')],
  fail: [schema({ code: { type: 'number' }, message: { type: 'string' } }), (args) => Promise.reject(Object.assign(new Error(args.message ?? 'asked to fail'), { code: args.code ?? -32000 }))],
  toolError: [schema(), () => ({ ...text('the tool says no'), isError: true })],
  unknownMembers: [schema(), () => ({ content: [{ type: 'text', text: 'x', futureMember: { deep: [1, null, '\u2028'] } }], structuredContent: { n: 1 }, futureResult: true, _meta: { 'example.com/key': 'kept' } })]
}

if (process.env.PROBE_EXTRA_TOOL) tools[process.env.PROBE_EXTRA_TOOL] = [schema(), () => text(process.env.PROBE_EXTRA_TOOL)]

const resources = { 'probe://one': 'first', 'probe://two': 'second' }

const methods = {
  initialize: async (params) => {
    clientCapabilities = params.capabilities
    await pause(Number(process.env.PROBE_START_DELAY_MS ?? 0))
    return {
      protocolVersion: params.protocolVersion,
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, logging: {}, completions: {} },
      serverInfo: { name: 'probe', version: '1.0.0' },
      instructions: 'Ask me what I saw.'
    }
  },
  ping: () => ({}),
  'tools/list': () => ({
    tools: [...Object.entries(tools).map(([name, [inputSchema]]) => ({ name, description: `Probe: ${name}`, inputSchema })),
      ...Array.from({ length: extraTools }, (_, index) => ({ name: `extra_${index + 1}`, inputSchema: schema() }))]
  }),
  'tools/call': async (params) => {
    if (process.env.PROBE_LOG) appendFileSync(process.env.PROBE_LOG, `${process.pid} ${params.name} ${JSON.stringify(params.arguments ?? {}).slice(0, 200)}\n`)
    const tool = Object.hasOwn(tools, params.name) ? tools[params.name] : undefined
    if (!tool) throw Object.assign(new Error(`Unknown tool: ${params.name}`), { code: -32602 })
    return await tool[1](params.arguments ?? {}, params._meta)
  },
  'resources/list': () => ({ resources: Object.keys(resources).map((uri) => ({ uri, name: uri.slice(8), mimeType: 'text/plain' })) }),
  'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'probe://{name}', name: 'any' }] }),
  'resources/read': ({ uri }) => {
    if (!Object.hasOwn(resources, uri)) throw Object.assign(new Error('Resource not found'), { code: -32002, data: { uri } })
    return { contents: [{ uri, mimeType: 'text/plain', text: resources[uri] }] }
  },
  'resources/subscribe': ({ uri }) => { subscriptions.add(uri); return {} },
  'resources/unsubscribe': ({ uri }) => { subscriptions.delete(uri); return {} },
  'prompts/list': () => ({ prompts: [{ name: 'greet', description: 'Greets', arguments: [{ name: 'who', required: true }] }] }),
  'prompts/get': ({ name, arguments: args }) => {
    if (name !== 'greet') throw Object.assign(new Error('Unknown prompt'), { code: -32602 })
    return { messages: [{ role: 'user', content: { type: 'text', text: `Hello ${args?.who}` } }] }
  },
  'completion/complete': ({ argument }) => ({ completion: { values: ['alpha', 'beta', 'alphabet'].filter((value) => value.startsWith(argument.value)), hasMore: false } }),
  'logging/setLevel': ({ level }) => { logLevel = level; return {} }
}

async function handle (message) {
  if (message.method === undefined) return asked.get(message.id)?.(message)
  if (message.id === undefined) {
    if (message.method === 'notifications/cancelled') {
      cancelled.push(inFlight.get(message.params.requestId)?.arguments ?? message.params.requestId)
      inFlight.delete(message.params.requestId)
    }
    return
  }
  const method = Object.hasOwn(methods, message.method) ? methods[message.method] : undefined
  if (!method) return write({ id: message.id, error: { code: -32601, message: 'Method not found' } })
  inFlight.set(message.id, message.params ?? {})
  try {
    const result = await method(message.params ?? {})
    // A cancelled request gets no answer (MCP cancellation).
    if (inFlight.has(message.id)) write({ id: message.id, result })
  } catch (error) {
    write({ id: message.id, error: { code: error.code ?? -32603, message: error.message, ...(error.data ? { data: error.data } : {}) } })
  }
  inFlight.delete(message.id)
}

createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', (line) => {
  const message = JSON.parse(line)
  received.push(message)
  handle(message)
}).on('close', () => process.exit(0))
