import assert from 'node:assert/strict'
import { connectClient } from '../helpers/mcp-clients.ts'
import { until } from '../helpers/until.ts'
import type { ToolResult } from '../helpers/mcp-clients.ts'
import type { Stack, StackRow, StackUser } from './types.ts'

/** The real clients, one of each era. */
const CLIENTS = ['sdk1-http', 'sdk2-auto'] as const
/** Far below what a user may do in a minute. */
const CALLS = 20

/** Calls of real clients through nginx to servers that run inside the gateways' containers. */
export const callsRows: readonly StackRow[] = [
  { name: 'tool calls over HTTPS, real clients of both eras', run: callOverHttps },
  { name: 'tool call with curl as scripts/init prints it', run: plainCall },
  { name: 'both replicas serve', run: bothReplicas }
]

async function callOverHttps (stack: Stack): Promise<string> {
  const figures = []
  for (const kind of CLIENTS) {
    const connectMs = performance.now()
    const client = await connectClient(kind, { url: `${stack.url}/mcp`, headers: { authorization: `Bearer ${stack.key}` } })
    try {
      const { tools } = await client.listTools()
      assert.ok(tools.some(({ name }) => name === 'filesystem__write_file'), 'the aggregate lists the tools of filesystem')
      assert.equal(textOf(await client.callTool('everything__echo', { message: 'hello' })), 'Echo: hello')
      const firstMs = performance.now() - connectMs
      await writeAndRead(client.callTool, stack, kind)
      figures.push(`${kind} ${tools.length} tools, connected and called in ${firstMs.toFixed(0)} ms, then p50 ${(await medianMs(() => client.callTool('everything__echo', { message: 'x' }))).toFixed(1)} ms`)
    } finally {
      await client.close()
    }
  }
  return figures.join('; ')
}

async function writeAndRead (call: (name: string, args: Record<string, unknown>) => Promise<ToolResult>, stack: Stack, text: string): Promise<void> {
  const path = textOf(await call('filesystem__list_allowed_directories', {})).split('\n').at(-1) ?? ''
  assert.equal((await call('filesystem__write_file', { path: `${path}/note.txt`, content: text })).isError ?? false, false)
  assert.equal(textOf(await call('filesystem__read_text_file', { path: `${path}/note.txt` })), text)
}

/** Median of CALLS calls, one after the other. In milliseconds. */
async function medianMs (call: () => Promise<unknown>): Promise<number> {
  const tookMs = []
  for (let index = 0; index < CALLS; index++) {
    const beginMs = performance.now()
    await call()
    tookMs.push(performance.now() - beginMs)
  }
  return tookMs.sort((a, b) => a - b)[CALLS / 2] ?? NaN
}

async function plainCall (stack: Stack): Promise<string> {
  const answer = await callPlainly(stack, stack.key, 'everything__echo', { message: 'hello' })
  assert.equal(answer.status, 200)
  const body = await answer.text()
  assert.match(body, /"ok":true.*Echo: hello/)
  return body
}

/** One plain JSON call with this key. */
export async function callPlainly (stack: Stack, key: string, tool: string, args: Record<string, unknown>): Promise<Response> {
  return await fetch(`${stack.url}/mcp/tools`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool_name: tool, arguments: args })
  })
}

async function bothReplicas (stack: Stack): Promise<string> {
  const served: Record<string, number> = {}
  await Promise.all(stack.users.map(async (user) => {
    const replica = await replicaOf(stack, user)
    served[replica] = (served[replica] ?? 0) + 1
  }))
  assert.deepEqual(Object.keys(served).sort(), ['b1', 'b2'])
  return Object.entries(served).sort().map(([replica, users]) => `${replica} serves ${users} users`).join(', ')
}

/** Who answers this user. A gateway that could not ask the others in time, as on a busy machine, says 503, and to try again. */
async function replicaOf (stack: Stack, user: StackUser): Promise<string> {
  return await until(`${user.user} is served`, async () => {
    const answer = await callPlainly(stack, user.key, 'time__get_current_time', { timezone: 'Europe/Zurich' })
    const body = await answer.text()
    if (answer.status === 503) return false
    assert.match(body, /Europe\/Zurich/)
    return answer.headers.get('x-drawbridge-replica') ?? 'unnamed'
  }, 30_000)
}

/** The first text of a result. */
function textOf ({ content }: ToolResult): string {
  return content.find(({ type }) => type === 'text')?.text ?? ''
}
