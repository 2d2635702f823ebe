/** `/mcp`: everything a caller may use behind one endpoint, under names that are stable and never ambiguous (R5, rulings 5). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const LONG = 'a-server-name-of-32-characters-x'

describe('aggregate', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }],
      config: {
        mcpServers: { one: probe(), two: probe(), [LONG]: probe(), dead: unruly({ env: { UNRULY_START: 'exit' } }), mute: unruly({ env: { UNRULY_START: 'silent' }, startTimeoutMs: 2000 }) },
        tenants: { acme: {}, globex: { servers: ['one'], tools: { deny: ['one__put'] } } },
        limits: roomyLimits
      }
    })
  })
  after(() => gateway.stop())

  const opened = async (user = 'alice', capabilities: Record<string, unknown> = {}): Promise<LegacyWire> => {
    const wire = gateway.wire(user, '/mcp')
    await wire.open({ capabilities })
    return wire
  }
  const namesOf = async (wire: LegacyWire, method: string, member: string, key: string): Promise<string[]> => {
    const { result, error } = await wire.request(method)
    assert.ok(result, JSON.stringify(error))
    return (result[member] as Array<Record<string, string>>).map((entry) => entry[key] ?? '')
  }

  it('one dead and one mute server neither empty nor block the list of the others', async () => {
    const started = performance.now()
    const names = await namesOf(await opened(), 'tools/list', 'tools', 'name')
    assert.ok(performance.now() - started < 15_000)
    for (const server of ['one', 'two']) assert.ok(names.includes(`${server}__echo`), names.join(' '))
    assert.ok(!names.some((name) => name.startsWith('dead__') || name.startsWith('mute__')))
    assert.equal(new Set(names).size, names.length)
  })

  it('names are at most 64 characters of [A-Za-z0-9_-], the same on every call and for every user', async () => {
    const [first, second, other] = [await namesOf(await opened(), 'tools/list', 'tools', 'name'), await namesOf(await opened(), 'tools/list', 'tools', 'name'), await namesOf(await opened('bob'), 'tools/list', 'tools', 'name')]
    assert.deepEqual(first, second)
    assert.deepEqual([...first].sort(), [...other].sort())
    for (const name of first) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/)
  })

  it('every listed tool can be called by its listed name, and reaches its own server', async () => {
    const wire = await opened()
    const names = await namesOf(wire, 'tools/list', 'tools', 'name')
    const pids = await Promise.all(['one', 'two', LONG].map(async (server) => {
      const name = names.find((candidate) => candidate === `${server}__whoami`)
      assert.ok(name, server)
      return (JSON.parse(textOf(await wire.call(name))) as { pid: number }).pid
    }))
    assert.equal(new Set(pids).size, 3)
  })

  it('a name over 64 characters is cut by the written rule and still works', async (t) => {
    const long = 'tool_with_a_name_that_is_much_too_long_to_be_joined_to_a_server_name'
    const other = await startGateway({ config: { mcpServers: { [LONG]: probe({ env: { PROBE_EXTRA_TOOL: long } }) }, limits: roomyLimits } })
    t.after(() => other.stop())
    const wire = other.wire('alice', '/mcp')
    await wire.open()
    const names = await namesOf(wire, 'tools/list', 'tools', 'name')
    const expected = `${`${LONG}__${long}`.slice(0, 55)}_${createHash('sha256').update(`${LONG}\0${long}`).digest('hex').slice(0, 8)}`
    assert.ok(names.includes(expected), names.join(' '))
    assert.equal(textOf(await wire.call(expected)), long)
  })

  it('unknown, half and hidden names: -32602, and what is hidden reads like what leads nowhere', async () => {
    const carol = await opened('carol')
    const errorOf = async (name: string) => (await carol.call(name, { value: 'x' })).error
    // `one__nope` passes every rule of the gateway, so the server itself says that it has no such tool.
    assert.equal((await errorOf('one__nope'))?.code, -32602)
    const errors = await Promise.all(['one__put', 'two__echo', 'nope__echo', 'echo', 'one_echo', '__echo'].map(errorOf))
    for (const error of errors) assert.deepEqual(error, errors[0])
    assert.equal(errors[0]?.code, -32602)
  })

  it('a tenant sees only its servers and tools', async () => {
    const names = await namesOf(await opened('carol'), 'tools/list', 'tools', 'name')
    assert.ok(names.includes('one__echo'))
    assert.ok(!names.includes('one__put'))
    assert.ok(names.every((name) => name.startsWith('one__')), names.join(' '))
  })

  it('prompts and resources are merged, listed and used by their listed names', async () => {
    const wire = await opened()
    assert.ok((await namesOf(wire, 'prompts/list', 'prompts', 'name')).includes('two__greet'))
    assert.match(JSON.stringify(await wire.request('prompts/get', { name: 'two__greet', arguments: { who: 'Ada' } })), /Hello Ada/)
    const uris = await namesOf(wire, 'resources/list', 'resources', 'uri')
    assert.ok(uris.includes('one+probe://one'), uris.join(' '))
    const { result } = await wire.request('resources/read', { uri: 'two+probe://two' })
    assert.match(JSON.stringify(result), /second/)
    const templates = await namesOf(wire, 'resources/templates/list', 'resourceTemplates', 'uriTemplate')
    assert.ok(templates.includes('one+probe://{name}'), templates.join(' '))
    const completion = await wire.request('completion/complete', { ref: { type: 'ref/prompt', name: 'one__greet' }, argument: { name: 'who', value: 'alp' } })
    assert.deepEqual((completion.result?.['completion'] as { values: string[] }).values, ['alpha', 'alphabet'])
  })

  it('resource updates come under the listed URI, list_changed once', async () => {
    const wire = await opened('bob')
    const stream = await wire.listen()
    await wire.request('resources/subscribe', { uri: 'one+probe://one' })
    await wire.call('one__touch', { uri: 'probe://one' })
    const updated = await stream.next('resources/updated', (message) => message.method === 'notifications/resources/updated')
    assert.equal(updated.params?.['uri'], 'one+probe://one')
    await wire.call('one__grow')
    await stream.next('list_changed', (message) => message.method === 'notifications/tools/list_changed')
    assert.ok((await namesOf(wire, 'tools/list', 'tools', 'name')).includes('one__extra_1'))
    stream.cut()
  })

  it('questions, progress and cancel work through it', async () => {
    const wire = await opened('alice', { sampling: {} })
    const asking = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'two__ask', arguments: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } } } })
    const question = await asking.next('sampling', (message) => message.method === 'sampling/createMessage')
    await wire.tell({ id: question.id ?? null, result: { from: 'aggregate client' } })
    assert.match(textOf(await responseOf(asking, 1)), /aggregate client/)
    const progress = await wire.post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'one__progress', arguments: { steps: 2 }, _meta: { progressToken: 'p' } } })
    await responseOf(progress, 2)
    assert.equal(progress.messages().filter((message) => message.method === 'notifications/progress').length, 2)
    const long = await wire.post({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'one__echo', arguments: { text: 'to cancel', delayMs: 20_000 } } })
    await wire.tell({ method: 'notifications/cancelled', params: { requestId: 3 } })
    await until('the cancel arrived', async () => textOf(await wire.call('one__cancelled')).includes('to cancel'))
    long.cut()
  })

  it('a call to the dead server is an error with the id of the caller', async () => {
    const wire = await opened()
    const message = await wire.call('dead__echo', {}, 'dead-call')
    assert.equal(message.id, 'dead-call')
    assert.ok(message.error)
  })
})
