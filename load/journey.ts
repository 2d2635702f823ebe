/**
 * What one virtual user does, once: a session with all servers from `initialize` to its end, then the same calls in the modern era
 * and as plain JSON. A generator of requests, so that runners that wait (Node) and runners that block (k6) go through the
 * same one. Nothing here may use Node or k6.
 */
import { legacyHeaders, modernHeaders, modernParams, SESSION_REVISION } from './wire.ts'
import { faultOfResult, jsonOf, type Reply } from './replies.ts'
import type { ToolCall } from './calls.ts'

/** One HTTP request of a journey. */
export interface Step {
  /** For the figures of this kind of request. */
  readonly name: StepName
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** What is wrong with the answer; undefined when it is what was asked for. */
  readonly fault: (reply: Reply) => string | undefined
}

/** Kinds of requests, in the order in which a journey makes them. */
export const STEPS = ['initialize', 'initialized', 'tools/list', 'tools/call', 'close', 'modern tools/call', 'plain batch'] as const
export type StepName = typeof STEPS[number]

/** Text that is JSON-RPC with this id. */
const message = (id: number | undefined, method: string, params?: unknown): string => JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, ...(params === undefined ? {} : { params }) })

/** The requests of one journey; each is answered with `next(reply)`. It ends early where there is nothing to go on with. */
export function * journey (calls: readonly ToolCall[]): Generator<Step, void, Reply> {
  const opened = yield {
    name: 'initialize',
    method: 'POST',
    path: '/mcp',
    headers: legacyHeaders(),
    body: message(1, 'initialize', { protocolVersion: SESSION_REVISION, capabilities: {}, clientInfo: { name: 'drawbridge-load', version: '1.0.0' } }),
    fault: (reply) => faultOfResult(reply, 1) ?? (reply.headers['mcp-session-id'] === undefined ? 'no Mcp-Session-Id' : undefined)
  }
  const sessionId = opened.headers['mcp-session-id']
  if (sessionId !== undefined) yield * session(sessionId, calls)
  for (const [index, call] of calls.entries()) yield modernCall(index + 1, call)
  yield plainBatch(calls)
}

function * session (sessionId: string, calls: readonly ToolCall[]): Generator<Step, void, Reply> {
  const post = { method: 'POST', path: '/mcp', headers: legacyHeaders(sessionId) } as const
  yield { ...post, name: 'initialized', body: message(undefined, 'notifications/initialized'), fault: statusIs(202) }
  yield { ...post, name: 'tools/list', body: message(2, 'tools/list'), fault: (reply) => faultOfResult(reply, 2) ?? faultOfTools(reply, calls) }
  for (const [index, { server, tool, arguments: args }] of calls.entries()) {
    const id = index + 3
    yield { ...post, name: 'tools/call', body: message(id, 'tools/call', { name: `${server}__${tool}`, arguments: args }), fault: (reply) => faultOfResult(reply, id) }
  }
  yield { name: 'close', method: 'DELETE', path: '/mcp', headers: legacyHeaders(sessionId), body: null, fault: statusIs(200, 204) }
}

function modernCall (id: number, { server, tool, arguments: args }: ToolCall): Step {
  return {
    name: 'modern tools/call',
    method: 'POST',
    path: `/servers/${encodeURIComponent(server)}/mcp`,
    headers: modernHeaders('tools/call', tool),
    body: message(id, 'tools/call', modernParams({ name: tool, arguments: args })),
    fault: (reply) => faultOfResult(reply, id)
  }
}

function plainBatch (calls: readonly ToolCall[]): Step {
  return {
    name: 'plain batch',
    method: 'POST',
    path: '/mcp/tools/batch',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(calls.map(({ server, tool, arguments: args }) => ({ tool_name: `${server}__${tool}`, arguments: args }))),
    fault: (reply) => {
      const answers = jsonOf(reply.body)
      if (reply.status !== 200 || !Array.isArray(answers) || answers.length !== calls.length) return `HTTP ${reply.status}`
      return answers.every((answer: { ok?: unknown }) => answer.ok === true) ? undefined : 'a call of the batch failed'
    }
  }
}

function statusIs (...wanted: number[]): Step['fault'] {
  return ({ status }) => wanted.includes(status) ? undefined : `HTTP ${status}`
}

/** The list has to hold what is called afterwards: an empty one is an answer, too. */
function faultOfTools (reply: Reply, calls: readonly ToolCall[]): string | undefined {
  return calls.every(({ server, tool }) => reply.body.includes(`"${server}__${tool}"`)) ? undefined : 'a tool is not in the list'
}
