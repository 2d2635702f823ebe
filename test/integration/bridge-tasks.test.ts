/** Tasks of either era through the gateway: relayed under sealed ids where both sides are of one era, hidden where they are not (T20, T21). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startFixtureUpstreams, type FixtureUpstreams } from '../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { missing } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

type Task = Record<string, unknown> & { readonly taskId: string, readonly status: string }

const TASKS = 'io.modelcontextprotocol/tasks'
const RELATED = 'io.modelcontextprotocol/related-task'
const able = { capabilities: { elicitation: { form: {} }, extensions: { [TASKS]: {} } } }
const KINDS = ['stdio-legacy', 'stdio-modern', 'http-legacy', 'http-modern'] as const
const LEGACY = ['stdio-legacy', 'http-legacy', 'shared'] as const
const MODERN = ['stdio-modern', 'http-modern'] as const

const textOf = ({ result }: JsonRpc): string => ((result as { content?: Array<{ text: string }> } | undefined)?.content ?? []).map(({ text }) => text).join()
const taskOf = ({ result }: JsonRpc): Task => (result as { task: Task }).task
const isUnknown = (answer: JsonRpc): void => { assert.equal(answer.error?.code, -32602, JSON.stringify(answer)) }

describe('tasks', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  let upstreams: FixtureUpstreams
  before(async () => {
    upstreams = await startFixtureUpstreams(KINDS)
    gateway = await startGateway({
      config: { mcpServers: { ...Object.fromEntries(KINDS.map((kind) => [kind, upstreams.entry(kind)])), shared: upstreams.entry('stdio-legacy', { isolation: 'shared' }) }, limits: roomyLimits },
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]
    })
  })
  after(async () => {
    await gateway.stop()
    await upstreams.stop()
  })

  async function session (user: string, server: string, capabilities = {}): Promise<LegacyWire> {
    const wire = gateway.wire(user, server)
    await wire.open({ capabilities })
    return wire
  }

  function modern (user: string, server: string): ModernWire {
    return createModernWire(`${gateway.url}/servers/${server}/mcp`, { authorization: `Bearer ${gateway.keyOf(user).text}` })
  }

  for (const server of LEGACY) {
    it(`of a session, ${server}: made, looked at, listed, fetched; one id all along, and nobody else's`, async () => {
      const alice = await session('alice', server)
      const made = taskOf(await alice.request('tools/call', { name: 'may_task', arguments: { ms: 20 }, task: { ttl: 60_000 } }))
      assert.equal(made.status, 'working')
      assert.ok(made.taskId.length > 60, 'sealed')
      const seen = (await alice.request('tasks/get', { taskId: made.taskId })).result as Task
      assert.equal(seen.taskId, made.taskId)
      const listed = (await alice.request('tasks/list', {})).result as { tasks: Task[] }
      assert.deepEqual(listed.tasks.filter(({ taskId }) => taskId === made.taskId).length, 1)
      const fetched = await alice.request('tasks/result', { taskId: made.taskId })
      assert.notEqual(textOf(fetched), '')
      const related = (fetched.result as { _meta: Record<string, { taskId: string }> })._meta[RELATED]
      assert.equal(related?.taskId, made.taskId)

      const bob = await session('bob', server)
      for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) isUnknown(await bob.request(method, { taskId: made.taskId }))
      const ofBob = (await bob.request('tasks/list', {})).result as { tasks: Task[] }
      assert.deepEqual(ofBob.tasks, [])
      const elsewhere = await session('alice', LEGACY.find((other) => other !== server) ?? server)
      isUnknown(await elsewhere.request('tasks/get', { taskId: made.taskId }))
      isUnknown(await alice.request('tasks/get', { taskId: `${made.taskId.slice(0, -2)}${made.taskId.endsWith('AA') ? 'BB' : 'AA'}` }))
      isUnknown(await alice.request('tasks/get', { taskId: 'guessed' }))
    })

    it(`of a session, ${server}: cancelled`, async () => {
      const alice = await session('alice', server)
      const made = taskOf(await alice.request('tools/call', { name: 'may_task', arguments: { ms: 60_000 }, task: {} }))
      assert.equal(((await alice.request('tasks/cancel', { taskId: made.taskId })).result as Task).status, 'cancelled')
    })

    it(`a tool of ${server} that runs as a task only is waited for on behalf of a modern client, questions included`, async () => {
      const alice = modern('alice', server)
      assert.notEqual(textOf(await alice.call('needs_task', { ms: 20 }, able)), '')
      // A worker that several users share is never asked anything for one of them.
      if (server === 'shared') return
      const asked = await alice.call('needs_task', { ms: 20, ask: true }, able)
      const { resultType, inputRequests = {}, requestState } = asked.result as { resultType: string, inputRequests?: Record<string, { params: { _meta?: Record<string, unknown> } }>, requestState: string }
      assert.equal(resultType, 'input_required', JSON.stringify(asked))
      const [key = '', question] = Object.entries(inputRequests)[0] ?? []
      assert.equal(question?.params._meta?.[RELATED], undefined, 'a task that it never heard of')
      const answered = await alice.request('tools/call', { name: 'needs_task', arguments: { ms: 20, ask: true }, inputResponses: { [key]: { action: 'accept', content: { name: 'Ada', word: 'Ada' } } }, requestState }, able)
      assert.equal((answered.result as { resultType: string }).resultType, 'complete')
      assert.equal((answered.result as { task?: unknown }).task, undefined)
    })
  }

  for (const server of MODERN) {
    it(`of a modern client, ${server}: made, polled, answered, ended; nobody else's`, async () => {
      const alice = modern('alice', server)
      const made = (await alice.call('confirm_delete', { filename: 'x' }, able)).result as Task & { resultType: string }
      assert.equal(made.resultType, 'task', JSON.stringify(made))
      const look = async (): Promise<Task> => (await alice.request('tasks/get', { taskId: made.taskId }, able)).result as Task
      const asking = await until('it asks', async () => { const task = await look(); return task.status === 'input_required' ? task : undefined })
      const [key = ''] = Object.keys(asking['inputRequests'] as object)
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) isUnknown(await modern('bob', server).request(method, { taskId: made.taskId, inputResponses: {} }, able))
      await alice.request('tasks/update', { taskId: made.taskId, inputResponses: { [key]: { action: 'accept', content: { confirm: true } } } }, able)
      const ended = await until('it ends', async () => { const task = await look(); return task.status === 'completed' ? task : undefined })
      assert.match(JSON.stringify(ended['result']), /deleted x/)
      assert.equal(ended.taskId, made.taskId)
    })

    it(`of a modern client, ${server}: cancelled; and only for who declares the extension`, async () => {
      const alice = modern('alice', server)
      const made = (await alice.call('slow_compute', { seconds: 10_000 }, able)).result as Task
      const undeclared = await alice.request('tasks/get', { taskId: made.taskId })
      assert.equal(undeclared.error?.code, -32021)
      assert.deepEqual(undeclared.error?.data, { requiredCapabilities: { extensions: { [TASKS]: {} } } })
      assert.equal((await alice.request('tasks/cancel', { taskId: made.taskId }, able)).error, undefined)
      await until('it is cancelled', async () => ((await alice.request('tasks/get', { taskId: made.taskId }, able)).result as Task).status === 'cancelled')
      assert.match(textOf(await alice.call('slow_compute', { seconds: 1, label: 'now' })), /computed now/)
    })

    it(`a session at ${server} gets results and no tasks`, async () => {
      const alice = await session('alice', server)
      assert.match(textOf(await alice.request('tools/call', { name: 'slow_compute', arguments: { seconds: 1 }, task: {} })), /computed/)
      isUnknown(await alice.request('tasks/get', { taskId: 'x' }))
      assert.equal((await alice.request('tasks/list', {})).error?.code, -32601)
    })
  }
})
