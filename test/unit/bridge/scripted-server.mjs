// A server of either era (SCRIPT_ERA: legacy, modern) that does what the request itself tells it to: in a tool's arguments,
// as JSON in a prompt's argument `script`, or as JSON behind `script:` in a resource's URI. Writes every message it gets as
// a line {pid, message} to SCRIPT_JOURNAL, so that tests see what reached it, and how often.
//
// Session era, {steps: […]}, one after the other: {ask}, {asks: […]} wait for the answers; {fire} asks and goes on;
//   {withdraw} takes the newest question back; {notify}, {progress}, {log}; {gate} waits for a file of that name beside the
//   journal; {exit}; {hold} stays silent; {result}, {error} answer. Else the text is the JSON of all answers.
// Modern era, {key, replies: […]}: the n-th request with that key gets the n-th reply; {notes} are written before it. Tool
//   `tell` {method, params} reaches all open listens, asked for or not; `end` ends them.
import { appendFileSync, existsSync } from 'node:fs'
import { announceReady, answer, line, negotiate, readMessages } from '../../fixtures/stdio-servers/base.mjs'

const { SCRIPT_ERA: era = 'legacy', SCRIPT_JOURNAL: journal, SCRIPT_CAPABILITIES: offered, SCRIPT_TOOLS: tools = '[]' } = process.env
const OFFER = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, completions: {}, logging: {} }
const capabilities = offered === undefined ? OFFER : JSON.parse(offered)
const META = 'io.modelcontextprotocol/'
const serverInfo = { name: 'scripted', version: '1.0.0' }

const waiting = new Map()
const cancelled = new Set()
const listens = new Map()
const turns = new Map()
let asked = 0

const write = (message) => { process.stdout.write(line({ jsonrpc: '2.0', ...message })) }
const text = (value) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

function scriptOf ({ uri, arguments: args = {} }) {
  if (uri !== undefined) return uri.startsWith('script:') ? JSON.parse(decodeURIComponent(uri.slice('script:'.length))) : undefined
  return typeof args.script === 'string' ? JSON.parse(args.script) : args
}

function ask ({ method, params }) {
  const id = `ask-${++asked}`
  write({ id, method, ...(params && { params }) })
  return new Promise((resolve) => { waiting.set(id, resolve) })
}

async function gate (name) {
  while (!existsSync(`${journal}.${name}`)) await new Promise((resolve) => { setTimeout(resolve, 10) })
}

async function runSteps (id, { steps = [] }, token) {
  const answers = []
  for (const step of steps) {
    if (step.ask) answers.push(await ask(step.ask))
    if (step.asks) answers.push(...await Promise.all(step.asks.map(ask)))
    if (step.fire) ask(step.fire)
    if (step.withdraw) write({ method: 'notifications/cancelled', params: { requestId: `ask-${asked}` } })
    if (step.notify) write(step.notify)
    if (step.progress && token !== undefined) write({ method: 'notifications/progress', params: { progressToken: token, progress: step.progress } })
    if (step.log) write({ method: 'notifications/message', params: { level: step.log, data: step.data ?? step.log } })
    if (step.gate) await gate(step.gate)
    if (step.exit !== undefined) process.exit(step.exit)
    if (step.hold || cancelled.has(id)) return
    if (step.result) return write({ id, result: step.result })
    if (step.error) return write({ id, error: step.error })
  }
  if (!cancelled.has(id)) write({ id, result: text(answers) })
}

function reply (id, { key, replies = [] }, token) {
  const turn = turns.get(key) ?? 0
  turns.set(key, turn + 1)
  const { notes = [], hold, error, ...result } = replies[Math.min(turn, replies.length - 1)] ?? {}
  for (const note of notes) write(JSON.parse(JSON.stringify(note).replaceAll('"$token"', JSON.stringify(token))))
  if (hold) return
  write(error === undefined ? { id, result: { resultType: 'complete', ...result } } : { id, error })
}

function use (id, params) {
  const script = scriptOf(params)
  if (script === undefined) return write({ id, error: era === 'modern' ? { code: -32602, message: 'Resource not found', data: { uri: params.uri } } : { code: -32002, message: 'Resource not found' } })
  const token = params._meta?.progressToken
  if (params.name === 'tell' || params.name === 'end') return tell(id, params)
  if (era === 'modern') reply(id, script, token)
  else runSteps(id, script, token).catch(() => process.exit(9))
}

function tell (id, { name, arguments: { method, params } }) {
  for (const subscriptionId of listens.keys()) {
    const _meta = { [`${META}subscriptionId`]: subscriptionId }
    write(name === 'tell' ? { method, params: { ...params, _meta } } : { id: subscriptionId, result: { resultType: 'complete', _meta } })
  }
  if (name === 'end') listens.clear()
  write({ id, result: { resultType: 'complete', ...text('told') } })
}

/** Honours everything but resources whose URI begins with `deny:`. */
function listen (id, { notifications }) {
  listens.set(id, notifications)
  const uris = notifications.resourceSubscriptions?.filter((uri) => !uri.startsWith('deny:'))
  const honoured = { ...notifications, ...(uris && { resourceSubscriptions: uris }) }
  write({ method: 'notifications/subscriptions/acknowledged', params: { notifications: honoured, _meta: { [`${META}subscriptionId`]: id } } })
}

const LISTS = { 'tools/list': { tools: [{ name: 'run', inputSchema: { type: 'object' } }, ...JSON.parse(tools)] }, 'prompts/list': { prompts: [{ name: 'run' }] }, 'resources/list': { resources: [] }, 'resources/templates/list': { resourceTemplates: [] } }
const SESSION = {
  initialize: ({ protocolVersion }) => ({ protocolVersion: negotiate(protocolVersion), capabilities, serverInfo }),
  ping: () => ({}),
  'logging/setLevel': () => ({}),
  'resources/subscribe': () => ({}),
  'resources/unsubscribe': () => ({}),
  'tasks/list': ({ cursor }) => ({ tasks: [], ...(cursor === undefined && { nextCursor: 'a-task-of-somebody' }) })
}

readMessages((message) => {
  if (journal !== undefined) appendFileSync(journal, line({ pid: process.pid, message }))
  const { id, method, params } = message
  if (method === undefined) return waiting.get(id)?.(message.error === undefined ? { result: message.result } : { error: message.error })
  if (method === 'notifications/cancelled') {
    cancelled.add(params.requestId)
    listens.delete(params.requestId)
  }
  if (id === undefined) return undefined
  if (LISTS[method] !== undefined) return answer(id, { resultType: 'complete', ttlMs: 5000, cacheScope: 'public', ...LISTS[method] })
  if (method === 'tools/call' || method === 'prompts/get' || method === 'resources/read' || method === 'completion/complete') return use(id, params)
  if (era === 'legacy' && SESSION[method] !== undefined) return answer(id, SESSION[method](params ?? {}))
  if (era === 'modern' && method === 'subscriptions/listen') return listen(id, params)
  if (era === 'modern' && method === 'server/discover') return answer(id, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities, instructions: 'As you say.', ttlMs: 5000, cacheScope: 'public', _meta: { [`${META}serverInfo`]: serverInfo } })
  return line({ jsonrpc: '2.0', id, error: { code: method === 'initialize' ? -32022 : -32601, message: 'Method not found' } })
})
announceReady()
