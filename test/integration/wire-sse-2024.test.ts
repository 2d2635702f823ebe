/** HTTP+SSE of 2024-11-05: the endpoint event, 202 and answers on the stream, ownership, disconnect (R3, rulings 4). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { exchange, send, type Exchange, type JsonRpc } from '../helpers/http-exchange.ts'
import { clientInfo, textOf } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

interface SseSession {
  readonly stream: Exchange
  readonly endpoint: string
  post (message: unknown, headers?: Record<string, string>): Promise<Exchange>
  request (method: string, params?: Record<string, unknown>, id?: string | number): Promise<JsonRpc>
}

describe('HTTP+SSE', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: ['alice', 'bob', 'dora'].map((user) => ({ tenant: 'acme', user })),
      config: { mcpServers: { probe: probe(), lonely: probe({ isolation: 'session' }) }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  async function connect (user: string, path: string): Promise<SseSession> {
    const bearer = { ...gateway.keyOf(user).bearer }
    const stream = await exchange(gateway.url + path, { headers: { ...bearer, accept: 'text/event-stream' } })
    assert.equal(stream.status, 200)
    const event = await stream.nextEvent('endpoint', (candidate) => candidate.event === 'endpoint')
    const endpoint = event.data ?? ''
    let nextId = 1
    const session: SseSession = {
      stream,
      endpoint,
      post: (body, headers) => send(new URL(endpoint, gateway.url + path), { body, headers: { ...bearer, 'content-type': 'application/json', accept: '*/*', ...headers } }),
      request: async (method, params, id = nextId++) => {
        const accepted = await session.post({ jsonrpc: '2.0', id, method, ...(params ? { params } : {}) })
        assert.equal(accepted.status, 202, accepted.body())
        return await stream.next(`${method} answer`, (message) => message.id === id && message.method === undefined, 20_000)
      }
    }
    return session
  }

  const opened = async (user = 'alice', path = '/servers/probe/sse'): Promise<SseSession> => {
    const session = await connect(user, path)
    const { result } = await session.request('initialize', { protocolVersion: '2024-11-05', capabilities: { sampling: {} }, clientInfo })
    assert.equal(result?.['protocolVersion'], '2024-11-05')
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return session
  }

  it('the endpoint event comes first and keeps the prefix of the server', async () => {
    const { stream, endpoint } = await connect('alice', '/servers/probe/sse')
    assert.equal(stream.events.filter((event) => event.comment === undefined)[0]?.event, 'endpoint')
    assert.match(endpoint, /^\/servers\/probe\/messages\/\?session_id=[A-Za-z0-9_-]{22,}$/)
    stream.cut()
  })

  it('the aggregate posts to /messages/', async () => {
    const { stream, endpoint } = await connect('alice', '/sse')
    assert.match(endpoint, /^\/messages\/\?session_id=/)
    stream.cut()
  })

  it('answers, progress and questions come on the stream; posts are 202', async () => {
    const session = await opened()
    assert.equal(textOf(await session.request('tools/call', { name: 'echo', arguments: { text: 'over sse' } })), 'over sse')
    await session.request('tools/call', { name: 'progress', arguments: { steps: 3 }, _meta: { progressToken: 'tok' } })
    assert.deepEqual(session.stream.messages().filter((message) => message.method === 'notifications/progress').map((message) => message.params?.['progressToken']), ['tok', 'tok', 'tok'])
    const asked = session.request('tools/call', { name: 'ask', arguments: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } } })
    const question = await session.stream.next('the question', (message) => message.method === 'sampling/createMessage')
    await session.post({ jsonrpc: '2.0', id: question.id, result: { from: 'the sse client' } })
    assert.match(textOf(await asked), /the sse client/)
    session.stream.cut()
  })

  it('events are of type `message`', async () => {
    const session = await opened()
    await session.request('tools/list')
    const events = session.stream.events.filter((event) => event.data?.startsWith('{'))
    assert.ok(events.length > 0)
    for (const event of events) assert.ok(event.event === 'message' || event.event === undefined, event.event)
    session.stream.cut()
  })

  it('a version header and Accept: */* on posts are fine; a parse error is 400', async () => {
    const session = await opened()
    assert.equal((await session.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' }, { 'mcp-protocol-version': '2024-11-05' })).status, 202)
    assert.equal((await session.post('{"jsonrpc"')).status, 400)
    session.stream.cut()
  })

  it('POST to /sse is 405', async () => {
    for (const path of ['/servers/probe/sse', '/sse']) {
      const answer = await send(gateway.url + path, { body: { jsonrpc: '2.0', id: 1, method: 'ping' }, headers: { ...gateway.keyOf('alice').bearer } })
      assert.equal(answer.status, 405, path)
    }
  })

  it("someone else's session_id, another server's and an unknown one: the same 404; none at all: 400", async () => {
    const session = await opened('alice')
    const id = new URL(session.endpoint, gateway.url).searchParams.get('session_id') ?? ''
    const post = (user: string, path: string) => send(gateway.url + path, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'put', arguments: { value: 'stolen' } } }, headers: { ...gateway.keyOf(user).bearer } })
    const answers = [await post('bob', session.endpoint), await post('alice', `/servers/lonely/messages/?session_id=${id}`), await post('alice', `/messages/?session_id=${id}`), await post('alice', `/servers/probe/messages/?session_id=${'q'.repeat(43)}`)]
    for (const answer of answers) {
      assert.equal(answer.status, 404)
      assert.equal(answer.body(), answers[0]?.body())
    }
    assert.equal((await post('alice', '/servers/probe/messages/')).status, 400)
    assert.match(textOf(await session.request('tools/call', { name: 'get', arguments: {} })), /"value":null/)
    session.stream.cut()
  })

  it('an SSE session is no Streamable HTTP session and the other way round', async () => {
    const session = await opened('alice')
    const wire = gateway.wire('alice', 'probe')
    wire.sessionId = new URL(session.endpoint, gateway.url).searchParams.get('session_id') ?? ''
    const crossed = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    assert.equal(crossed.status, 404)
    session.stream.cut()
  })

  it('closing the stream ends the session: its calls are cancelled, its worker goes', async () => {
    const session = await opened('dora', '/servers/lonely/sse')
    await session.post({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'echo', arguments: { text: 'x', delayMs: 60_000 } } })
    await until('a worker', () => gateway.workers().length > 0)
    const before = gateway.workers().length
    session.stream.cut()
    await until('the worker of that session has gone', () => gateway.workers().length < before, 15_000)
    await until('its session is unknown', async () => (await session.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status === 404)
  })

  it('the stream stays open past the keep-alive of idle connections', async () => {
    const session = await opened('bob')
    // A comment arrives while nothing else does (FR43).
    await session.stream.nextEvent('a keep-alive comment', (event) => event.comment !== undefined, 20_000)
    assert.ok((await session.request('ping')).result)
    session.stream.cut()
  })
})
