import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { Era } from '../../../src/shared/era.ts'
import { until } from '../../helpers/until.ts'
import { isCancel, run, scripted, type Scripted } from '../bridge/script-parts.ts'
import { startGateway, type GatewayBench, type GatewayBenchOptions, type ModernSelf, type TestModernClient, type TestModernRequest } from './gateway-parts.ts'

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'
const FLAGS = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }

async function heardBy (request: TestModernRequest, count: number): Promise<Array<[string, JsonObject]>> {
  await until(`${count} messages`, () => request.emitted.length >= count || request.answers.length > 0)
  return request.emitted.map(({ method, params }) => [String(method).slice('notifications/'.length), params as JsonObject])
}

/** Listens, and waits for what is honoured. */
async function listening (client: TestModernClient, notifications: JsonObject, self?: ModernSelf): Promise<{ request: TestModernRequest, honoured: unknown }> {
  const request = client.ask('subscriptions/listen', { notifications }, self)
  const [first] = await heardBy(request, 1)
  assert.equal(first?.[0], 'subscriptions/acknowledged')
  return { request, honoured: first[1]['notifications'] }
}

interface Ears extends GatewayBench {
  readonly server: Scripted
  readonly alice: TestModernClient
  /** Lets the server say this, and waits until it has. */
  say (method: string, params?: JsonObject, by?: TestModernClient): Promise<void>
}

async function ears (t: Parameters<typeof startGateway>[0], era: Era, { entry = {}, ...options }: { entry?: object } & Partial<GatewayBenchOptions> = {}): Promise<Ears> {
  const server = scripted(era)
  const bench = await startGateway(t, { ...options, servers: { srv: { ...server.entry, ...entry }, ...options.servers } })
  const alice = bench.modern('alice', 'srv')
  return {
    ...bench,
    server,
    alice,
    async say (method, params, by = alice) {
      if (era === 'legacy') await run(by, { steps: [{ notify: { method: `notifications/${method}`, ...(params && { params }) } }] }).answer()
      else await by.get('tools/call', { name: 'tell', arguments: { method: `notifications/${method}`, params: params ?? {} } })
    }
  }
}

for (const era of ['legacy', 'modern'] as const) {
  describe(`subscriptions/listen before a ${era} server`, () => {
    it('acknowledges first, then tells what was asked for and nothing else, each message under the id of its request', async (t) => {
      const { alice, say } = await ears(t, era)
      const tools = await listening(alice, { toolsListChanged: true, promptsListChanged: false, other: true }, { id: 'mine' })
      const resource = await listening(alice, { resourceSubscriptions: ['a:1'] }, { id: 7 })
      assert.deepEqual([tools.honoured, resource.honoured], [{ toolsListChanged: true }, { resourceSubscriptions: ['a:1'] }])
      for (const method of ['prompts/list_changed', 'resources/list_changed', 'tools/list_changed']) await say(method)
      for (const uri of ['a:2', 'a:1/part', 'a:1']) await say('resources/updated', { uri })
      assert.deepEqual((await heardBy(tools.request, 2)).map(([method, { _meta }]) => [method, _meta]), [
        ['subscriptions/acknowledged', { [SUBSCRIPTION]: 'mine' }], ['tools/list_changed', { [SUBSCRIPTION]: 'mine' }]
      ])
      assert.deepEqual((await heardBy(resource.request, 3)).map(([method, { uri, _meta }]) => [method, uri, _meta]), [
        ['subscriptions/acknowledged', undefined, { [SUBSCRIPTION]: 7 }], ['resources/updated', 'a:1/part', { [SUBSCRIPTION]: 7 }], ['resources/updated', 'a:1', { [SUBSCRIPTION]: 7 }]
      ])
    })

    it('honours what the server offers only', async (t) => {
      const { modern } = await ears(t, era, { entry: {} })
      const poor = scripted(era, { env: { SCRIPT_CAPABILITIES: '{"tools":{},"prompts":{"listChanged":true},"resources":{}}' } })
      const { modern: made } = await startGateway(t, { servers: { srv: poor.entry } })
      assert.deepEqual((await listening(made('alice', 'srv'), { ...FLAGS, resourceSubscriptions: ['a:1'] })).honoured, { promptsListChanged: true })
      assert.deepEqual([poor.ran('resources/subscribe').length], [0])
      assert.deepEqual((await listening(modern('alice', 'srv'), { ...FLAGS })).honoured, FLAGS)
    })

    it('says nothing of resources that are hidden, in the acknowledgement or after it (T25)', async (t) => {
      const { alice, say, server } = await ears(t, era, { entry: { resources: { deny: ['secret:*', 'open:1/secret'] } } })
      const { request, honoured } = await listening(alice, { resourceSubscriptions: ['secret:1', 'open:1'] })
      assert.deepEqual(honoured, { resourceSubscriptions: ['open:1'] })
      for (const uri of ['secret:1', 'open:1/secret', 'open:1']) await say('resources/updated', { uri })
      assert.deepEqual((await heardBy(request, 2)).slice(1).map(([, { uri }]) => uri), ['open:1'])
      assert.ok(!JSON.stringify(server.got(({ method }) => method === 'resources/subscribe' || method === 'subscriptions/listen')).includes('secret'))
    })

    it('two users never hear each other, though one worker serves both', async (t) => {
      const { modern, say } = await ears(t, era, { entry: { isolation: 'shared' } })
      const [alice, bob] = [modern('alice', 'srv'), modern('bob', 'srv')]
      const mine = await listening(alice, { resourceSubscriptions: ['a:1'] })
      const his = await listening(bob, { resourceSubscriptions: ['b:1'], toolsListChanged: true })
      for (const uri of ['a:1', 'b:1']) await say('resources/updated', { uri }, alice)
      await say('tools/list_changed', undefined, alice)
      assert.deepEqual((await heardBy(his.request, 3)).slice(1).map(([method, { uri }]) => uri ?? method), ['b:1', 'tools/list_changed'])
      assert.deepEqual((await heardBy(mine.request, 2)).slice(1).map(([method, { uri }]) => uri ?? method), ['a:1'])
    })

    it('the server is told when the last one leaves, and no sooner', async (t) => {
      const { alice, server, say } = await ears(t, era)
      const both = [await listening(alice, { resourceSubscriptions: ['a:1'] }), await listening(alice, { resourceSubscriptions: ['a:1'] })]
      both[0]?.request.leave()
      await say('resources/updated', { uri: 'a:1' })
      assert.equal((await heardBy(both[1]?.request as TestModernRequest, 2)).length, 2)
      const isTold = ({ method }: JsonObject): boolean => method === 'resources/unsubscribe' || isCancel({ method })
      if (era === 'legacy') assert.equal(server.got(isTold).length, 0)
      const before = server.got(isTold).length
      both[1]?.request.leave()
      await until('the server is told', () => server.got(isTold).length > before)
      assert.equal(both[0]?.request.emitted.length, 1)
    })

    it('goes on with the next worker', async (t) => {
      const { alice, server, say } = await ears(t, era)
      const { request } = await listening(alice, { toolsListChanged: true, resourceSubscriptions: ['a:1'] })
      process.kill(server.pid(), 'SIGKILL')
      const method = era === 'legacy' ? 'resources/subscribe' : 'subscriptions/listen'
      const before = server.ran(method).length
      await until('a worker of its own accord or with a call', async () => {
        await say('resources/updated', { uri: 'a:1' })
        return server.ran(method).length > before && request.emitted.some(({ params }) => (params as JsonObject)['uri'] === 'a:1')
      })
      // Lists may have changed with it.
      assert.ok(request.emitted.some(({ method: heard }) => heard === 'notifications/tools/list_changed'))
    })
  })
}

describe('subscriptions/listen', () => {
  it('on the aggregate: its own lists, and resources under their names there', async (t) => {
    const { modern, say } = await ears(t, 'legacy')
    const everything = modern('alice', '/')
    const { request, honoured } = await listening(everything, { ...FLAGS, resourceSubscriptions: ['srv+a:1', 'no+a:1'] })
    assert.deepEqual(honoured, { ...FLAGS, resourceSubscriptions: ['srv+a:1'] })
    await say('resources/updated', { uri: 'a:1' })
    await say('tools/list_changed')
    assert.deepEqual((await heardBy(request, 3)).slice(1).map(([method, { uri }]) => uri ?? method), ['srv+a:1', 'tools/list_changed'])
  })

  it('wishes that are none are refused; a hundred open ones of one user are enough, and cost nobody else', async (t) => {
    const { alice, modern } = await ears(t, 'legacy')
    for (const notifications of [undefined, [], { resourceSubscriptions: 'a:1' }, { resourceSubscriptions: [1] }]) {
      assert.equal((await alice.get('subscriptions/listen', notifications === undefined ? {} : { notifications: notifications as never })).error?.code, -32602)
    }
    const all = await Promise.all(Array.from({ length: 100 }, () => listening(alice, {})))
    assert.equal((await alice.get('subscriptions/listen', { notifications: {} })).refused?.row.status, 429)
    assert.deepEqual((await listening(modern('bob', 'srv'), {})).honoured, {})
    all[0]?.request.leave()
    assert.deepEqual((await listening(alice, {})).honoured, {})
  })

  it('ends with its result when the gateway drains', async (t) => {
    const { alice, gateway } = await ears(t, 'legacy')
    const { request } = await listening(alice, { toolsListChanged: true }, { id: 'x' })
    assert.equal(gateway.openListens, 1)
    const drained = gateway.drain()
    assert.deepEqual(request.answers.map(({ id, result }) => [id, result]), [['x', { resultType: 'complete', _meta: { [SUBSCRIPTION]: 'x' } }]])
    // Nothing is held for it any more.
    assert.equal(gateway.openListens, 0)
    await drained
    request.leave()
    assert.equal(gateway.openListens, 0)
  })

  it('of whoever leaves before the server is up, nothing stays', async (t) => {
    const { alice, server, say } = await ears(t, 'legacy')
    alice.ask('subscriptions/listen', { notifications: { resourceSubscriptions: ['a:1'] } }).leave()
    await say('resources/updated', { uri: 'a:1' })
    assert.equal(server.ran('resources/subscribe').length, 0)
  })

  it('a bug of ours is an answer, and holds nothing', async (t) => {
    const { alice, thrown, gateway } = await ears(t, 'legacy', { change: (options) => ({ ...options, policy: { ...options.policy, missingListScope: () => { throw new Error('a bug of ours') } } }) })
    assert.equal((await alice.get('subscriptions/listen', { notifications: { toolsListChanged: true } })).error?.code, -32603)
    assert.deepEqual([thrown.length, gateway.callsInFlight], [1, 0])
  })
})

describe('a session watches a resource of a modern server', () => {
  it('hears of it, and the server listens for as long as anybody watches', async (t) => {
    const { client, server, say } = await ears(t, 'modern')
    const session = await client('alice', 'srv')
    const reader = session.listen()
    assert.deepEqual((await session.get('resources/subscribe', { uri: 'a:1' })).result, {})
    assert.notEqual((await session.get('resources/subscribe', { uri: 'deny:1' })).error, undefined)
    for (const uri of ['deny:1', 'a:1']) await say('resources/updated', { uri })
    await until('the update', () => reader.texts().length > 0)
    assert.deepEqual(reader.texts().map((text) => (JSON.parse(text) as { params: JsonObject }).params), [{ uri: 'a:1' }])
    const wanted = (): unknown => (server.ran('subscriptions/listen').at(-1)?.['params'] as { notifications: JsonObject }).notifications['resourceSubscriptions']
    assert.deepEqual(wanted(), ['a:1'])
    assert.deepEqual((await session.get('resources/unsubscribe', { uri: 'a:1' })).result, {})
    await until('it listens for no resource', () => wanted() === undefined)
    await say('tools/list_changed')
    await until('the list', () => reader.texts().some((text) => text.includes('tools/list_changed')))
  })
})
