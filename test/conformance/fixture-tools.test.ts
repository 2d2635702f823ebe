import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { CallToolResultSchema, CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ToolResult } from '../helpers/mcp-clients.ts'
import { importClient, missing } from '../helpers/programs.ts'
import { until } from '../helpers/until.ts'
import { stdioFixture } from './fixture.ts'

/** What both SDKs' clients can be asked for here. */
interface Driven {
  call (name: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>
  toolNames (cursor?: string): Promise<{ names: string[], nextCursor?: string | undefined }>
}

const form = { action: 'accept' as const, content: { name: 'Eve', word: 'well', ok: true } }
const poem = { role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text: 'roses' } }
const textOf = (result: ToolResult): string => result.content[0]?.text ?? ''

/** The tools of ours, which the suite does not know: right on their own before they tell anything of a gateway. */
describe('the fixture\'s own tools over stdio', { skip: missing('clients'), concurrency: 2 }, () => {
  for (const mode of ['legacy', 'dual'] as const) it(`${mode}, SDK v1`, () => withSdk1([mode], useTools))
  for (const mode of ['modern', 'dual'] as const) it(`${mode}, SDK v2 on 2026-07-28`, () => withSdk2(mode, useTools))

  it('lists in pages', () => withSdk1(['legacy', '--page-size', '10'], async ({ toolNames }) => {
    const first = await toolNames()
    const second = await toolNames(first.nextCursor)
    assert.equal(new Set([...first.names, ...second.names]).size, 20)
  }))

  it('tasks of 2025-11-25, a question in one of them included', () => withSdk1(['legacy'], async (_driven, client) => {
    const messages = []
    for await (const message of client.experimental.tasks.callToolStream({ name: 'needs_task', arguments: { ask: true } }, CallToolResultSchema, { task: { ttl: 10_000 } })) messages.push(message)
    assert.equal(messages[0]?.type, 'taskCreated')
    assert.match(JSON.stringify(messages.at(-1)), /done for Eve/)
    await assert.rejects(client.request({ method: 'tools/call', params: { name: 'needs_task', arguments: {} } }, CallToolResultSchema), /only as a task/)
  }))
})

async function useTools ({ call }: Driven): Promise<void> {
  assert.equal(textOf(await call('ask_two')), 'Eve / roses')
  assert.equal(textOf(await call('ask_rounds', { rounds: 3 })), 'well well well')
  assert.equal(textOf(await call('ask_url')), 'accept')
  assert.equal(textOf(await call('big_text', { bytes: 12_345 })).length, 12_345)
  const { pid, arguments: args } = JSON.parse(textOf(await call('whoami', { a: 1 }))) as { pid: number, arguments: unknown }
  assert.ok(pid > 0)
  assert.deepEqual(args, { a: 1 })
  const aborter = new AbortController()
  const slow = assert.rejects(call('slow_progress', { key: 'k' }, aborter.signal))
  const fate = async (): Promise<{ started: boolean, cancelled?: boolean }> => JSON.parse(textOf(await call('was_cancelled', { key: 'k' }))) as { started: boolean }
  await until('it runs', async () => (await fate()).started)
  aborter.abort()
  await slow
  await until('it was cancelled', async () => (await fate()).cancelled === true)
}

async function withSdk1 (args: readonly string[], use: (driven: Driven, client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ name: 'v1', version: '1' }, { capabilities: { sampling: {}, elicitation: { form: {}, url: {} } } })
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => params.mode === 'url' ? { action: 'accept' } : form)
  client.setRequestHandler(CreateMessageRequestSchema, () => poem)
  const { command, args: [program = ''] } = stdioFixture('legacy')
  await client.connect(new StdioClientTransport({ command, args: [program, ...args] }))
  await use({
    call: async (name, given = {}, signal) => await client.callTool({ name, arguments: given }, undefined, signal ? { signal } : {}) as ToolResult,
    toolNames: async (cursor) => {
      const { tools, nextCursor } = await client.listTools(cursor === undefined ? {} : { cursor })
      return { names: tools.map((tool) => tool.name), nextCursor }
    }
  }, client).finally(() => client.close())
}

interface Sdk2Client {
  connect (transport: unknown): Promise<void>
  close (): Promise<void>
  getProtocolEra (): string
  callTool (params: { name: string, arguments: Record<string, unknown> }, options?: { signal?: AbortSignal }): Promise<ToolResult>
  setRequestHandler (method: string, handler: (request: { params: { mode?: string } }) => unknown): void
}

async function withSdk2 (mode: 'dual' | 'modern', use: (driven: Driven) => Promise<void>): Promise<void> {
  const { Client: Client2 } = await importClient<{ Client: new (info: object, options: object) => Sdk2Client }>('@modelcontextprotocol/client/dist/index.mjs')
  const { StdioClientTransport: Stdio2 } = await importClient<{ StdioClientTransport: new (options: object) => unknown }>('@modelcontextprotocol/client/dist/stdio.mjs')
  const client = new Client2({ name: 'v2', version: '1' }, { capabilities: { sampling: {}, elicitation: { form: {}, url: {} } }, versionNegotiation: { mode: 'auto' } })
  client.setRequestHandler('elicitation/create', ({ params }) => params.mode === 'url' ? { action: 'accept' } : form)
  client.setRequestHandler('sampling/createMessage', () => poem)
  const { command, args } = stdioFixture(mode)
  await client.connect(new Stdio2({ command, args }))
  assert.equal(client.getProtocolEra(), 'modern')
  const toolNames = async (): Promise<never> => { throw new Error('not asked for') }
  await use({ toolNames, call: (name, given = {}, signal) => client.callTool({ name, arguments: given }, signal ? { signal } : {}) }).finally(() => client.close())
}
