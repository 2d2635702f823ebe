import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import { META, type JsonObject } from '../../../../src/protocol/index.ts'
import type { UpstreamSubscription } from '../../../../src/upstream/index.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { openHttp } from '../../../../src/upstream/http/open-http.ts'
import { ask, bench, discoverResult, httpWanted, initializeResult, modernServer, open, quiet, refuse, replied, result, serve, stream, type Received, type TestServer } from './http-parts.ts'

const metaOf = (received: Received | undefined): JsonObject => ((received?.message['params'] as JsonObject | undefined)?.['_meta'] ?? {}) as JsonObject

describe('a request to a modern server', () => {
  it('says in _meta and headers what it is, and repeats its name and mirrored arguments (SEP-2243)', async (t) => {
    const server = await modernServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url, {}, { era: 'modern' })
    await ask(connection, {
      params: { name: 'größe', arguments: { region: ' eu', deep: { count: 42 }, on: true, none: null }, _meta: { [META.clientInfo]: { name: 'theirs' }, [META.clientCapabilities]: { theirs: {} }, [META.logLevel]: 'debug' } },
      capabilities: { elicitation: { form: {} } },
      logLevel: 'warning',
      mirrored: [
        { header: 'mcp-param-region', path: ['region'], type: 'string' }, { header: 'mcp-param-count', path: ['deep', 'count'], type: 'integer' },
        { header: 'mcp-param-on', path: ['on'], type: 'boolean' }, { header: 'mcp-param-none', path: ['none'], type: 'string' }, { header: 'mcp-param-absent', path: ['absent'], type: 'string' }
      ]
    })
    const [call] = server.of('tools/call')
    assert.deepEqual(metaOf(call), {
      [META.protocolVersion]: '2026-07-28',
      [META.clientInfo]: { name: 'drawbridge', version: '9.9.9' },
      [META.clientCapabilities]: { elicitation: { form: {} } },
      [META.logLevel]: 'warning',
      progressToken: call?.id
    })
    const own = Object.fromEntries(Object.entries(call?.headers ?? {}).filter(([name]) => name.startsWith('mcp-')))
    assert.deepEqual(own, {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('größe').toString('base64')}?=`,
      'mcp-param-region': `=?base64?${Buffer.from(' eu').toString('base64')}?=`,
      'mcp-param-count': '42',
      'mcp-param-on': 'true'
    })
  })

  it('has headers of its own, whatever was asked before it', async (t) => {
    const server = await modernServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url, {}, { era: 'modern' })
    const mirrored = [{ header: 'mcp-param-region', path: ['region'], type: 'string' }] as const
    const many = Array.from({ length: 300 }, (_none, index) => ({ params: { name: `tool-${index}` } }))
    const asked = [
      { params: { name: 'x' } }, { params: { name: 'x' } }, { params: { name: 'y' } }, { method: 'prompts/get', params: { name: 'x' } },
      { params: { name: 'x', arguments: { region: 'eu' } }, mirrored }, { params: { name: 'x' } }, { params: { name: 'x', arguments: { region: 'us' } }, mirrored }, ...many, { params: { name: 'tool-0' } }
    ]
    await Promise.all(asked.map((request) => ask(connection, request)))
    const seen = [...server.of('tools/call'), ...server.of('prompts/get')].map(({ headers, message }) => ({ id: message['id'], said: [headers['mcp-method'], headers['mcp-name'], headers['mcp-param-region']] }))
    const inOrder = seen.sort((one, other) => Number(one.id) - Number(other.id)).map(({ said }) => said)
    assert.deepEqual(inOrder, asked.map((request) => {
      const { method = 'tools/call', params, mirrored: wanted } = request as { method?: string, params: { name: string, arguments?: { region?: string } }, mirrored?: unknown }
      return [method, params.name, wanted === undefined ? undefined : params.arguments?.region]
    }))
  })

  it('declares nothing when nothing may be asked, and is told so', async (t) => {
    const server = await modernServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url, {}, { era: 'modern', capabilities: { sampling: {} } })
    await ask(connection, { method: 'resources/read', params: { uri: 'test://x' } })
    const [read] = server.of('resources/read')
    assert.deepEqual(metaOf(read)[META.clientCapabilities], {})
    assert.equal(META.logLevel in metaOf(read), false)
    assert.equal(read?.headers['mcp-name'], 'test://x')
  })

  it('is refused with errors about itself, which go on: the gateway acts on them', async (t) => {
    for (const [status, code] of [[400, -32020], [400, -32021], [404, -32601], [400, -32602], [400, -32600]] as const) {
      const server = await modernServer(t, (received) => refuse(received, status, code, { data: { requiredCapabilities: {} } }))
      const { connection } = await open(t, server.url, {}, { era: 'modern' })
      assert.equal((await ask(connection)).error?.code, code)
      assert.equal(connection.open, true)
      assert.equal(server.received.length, 2)
    }
  })

  it('is not executed by a server that no longer speaks the revision: the connection and the verdict go (A10)', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 400, -32022, { data: { supported: ['2027-01-01'] } }))
    const { connection, peer, verdicts } = await open(t, server.url, {}, { era: 'modern' })
    assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
    assert.equal(connection.open, false)
    assert.equal(peer.ends, 1)
    assert.equal(verdicts.known(httpWanted(server.url).server), undefined)
  })

  it('is refused as legacy servers do: discovery tells whether it is the server or the request', async (t) => {
    let isModern = true
    for (const [status, code] of [[400, -32000], [404, undefined], [405, undefined], [400, undefined]] as const) {
      const server = await serve(t, (received) => {
        if (isModern && received.method === 'server/discover') result(received, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {} })
        else if (received.method === 'initialize') result(received, initializeResult)
        else refuse(received, status, code)
      })
      isModern = true
      const { connection, verdicts } = await open(t, server.url, {}, { era: 'modern' })
      const replies = await Promise.all([ask(connection), ask(connection), ask(connection)])
      for (const { error } of replies) assert.equal(error?.message, ERRORS.GW_UPSTREAM_PROTOCOL.message)
      assert.equal(connection.open, true)
      isModern = false
      assert.equal((await ask(connection)).error?.message, ERRORS.GW_UPSTREAM_UNAVAILABLE.message)
      assert.equal(connection.open, false)
      assert.equal(verdicts.known(httpWanted(server.url).server), undefined)
    }
  })

  it('cannot be used by the server to ask', async (t) => {
    const server = await modernServer(t, (received) => {
      const out = stream(received)
      out.send({ id: 1, method: 'sampling/createMessage', params: {} })
      out.send({ id: received.id, result: {} })
      out.end()
    })
    const { connection, peer, faults } = await open(t, server.url, {}, { era: 'modern' })
    assert.deepEqual(await ask(connection), { result: {} })
    assert.deepEqual(peer.asked, [])
    assert.deepEqual(faults, ['malformed_message'])
    assert.equal(server.received.length, 2)
  })

  it('is no notification: there are none', async (t) => {
    const server = await modernServer(t, (received) => result(received, {}))
    const { connection } = await open(t, server.url, {}, { era: 'modern' })
    connection.notify('notifications/roots/list_changed')
    await ask(connection)
    assert.deepEqual(server.received.map((one) => one.method), ['server/discover', 'tools/call'])
  })
})

interface Heard { readonly subscription: UpstreamSubscription, readonly log: string[] }

function subscription (): Heard {
  const log: string[] = []
  return {
    log,
    subscription: {
      notifications: { toolsListChanged: true, resourceSubscriptions: ['test://x'] },
      onAcknowledged: (honoured) => { log.push(`acknowledged ${JSON.stringify(honoured)}`) },
      onNotification: (method, params) => { log.push(`${method} ${JSON.stringify(params)}`) },
      onEnd: () => { log.push('end') }
    }
  }
}

describe('subscriptions/listen', () => {
  async function listening (t: TestContext, own: { readonly timeoutMs?: number } = {}): Promise<Heard & { server: TestServer, received: Received, out: ReturnType<typeof stream>, listen: { close (): void }, connection: Awaited<ReturnType<typeof open>>['connection'], faults: string[] }> {
    const streams: Array<ReturnType<typeof stream>> = []
    const server = await modernServer(t, (received) => {
      if (received.method === 'subscriptions/listen') streams.push(stream(received))
      else result(received, {})
    })
    const { connection, faults } = await open(t, server.url, own, { era: 'modern' })
    const heard = subscription()
    const listen = connection.listen?.(heard.subscription)
    assert.ok(listen)
    const received = await server.got('the listen', (one) => one.method === 'subscriptions/listen')
    const [out] = streams
    assert.ok(out)
    return { ...heard, server, received, out, listen, connection, faults }
  }

  const tagged = (received: Received, params: JsonObject = {}, id: unknown = received.id): JsonObject => ({ ...params, _meta: { [META.subscriptionId]: id, kept: 1 } })
  const acknowledge = (received: Received) => ({ method: 'notifications/subscriptions/acknowledged', params: tagged(received, { notifications: { toolsListChanged: true } }) })

  it('asks for what is wanted, and hands over what is said about it, without what is ours', async (t) => {
    const { received, out, log, connection } = await listening(t)
    assert.deepEqual((received.message['params'] as JsonObject)['notifications'], { toolsListChanged: true, resourceSubscriptions: ['test://x'] })
    assert.equal(received.headers['mcp-method'], 'subscriptions/listen')
    out.send({ method: 'notifications/tools/list_changed', params: tagged(received) })
    out.send(acknowledge(received))
    out.send(acknowledge(received))
    out.send({ method: 'notifications/resources/updated', params: tagged(received, { uri: 'test://x' }, String(received.id)) })
    out.send({ method: 'notifications/tools/list_changed', params: tagged(received) })
    await until('all is heard', () => log.length === 3)
    assert.deepEqual(log, ['acknowledged {"toolsListChanged":true}', 'notifications/resources/updated {"uri":"test://x","_meta":{"kept":1}}', 'notifications/tools/list_changed {"_meta":{"kept":1}}'])
    assert.equal(connection.inFlight.size, 0)
  })

  it('takes nothing that is another subscription\'s, and no requests', async (t) => {
    const { received, out, log, faults } = await listening(t)
    out.send(acknowledge(received))
    out.send({ method: 'notifications/tools/list_changed', params: tagged(received, {}, 1) })
    out.send({ id: 5, method: 'roots/list' })
    out.send({ id: 5, result: {} })
    await until('the lies are noticed', () => faults.length === 3)
    assert.deepEqual(log, ['acknowledged {"toolsListChanged":true}'])
  })

  for (const [name, end] of Object.entries<(received: Received, out: ReturnType<typeof stream>) => void>({
    'the server says so': (received, out) => { out.send({ id: received.id, result: { resultType: 'complete' } }) },
    'the server refuses': (received, out) => { out.send({ id: received.id, error: { code: -32602, message: 'no' } }) },
    'the stream ends': (_received, out) => { out.end() },
    'the connection breaks': (received) => { received.response.destroy() }
  })) {
    it(`is over when ${name}, once`, async (t) => {
      const { received, out, log, listen, connection } = await listening(t)
      end(received, out)
      await until('it is over', () => log.includes('end'))
      await until('the stream is closed', () => received.response.closed)
      listen.close()
      await connection.close()
      assert.deepEqual(log, ['end'])
    })
  }

  it('is over when it is refused with a status', async (t) => {
    const server = await modernServer(t, (received) => refuse(received, 404, -32601))
    const { connection } = await open(t, server.url, {}, { era: 'modern' })
    const { log, subscription: wanted } = subscription()
    connection.listen?.(wanted)
    await until('it is over', () => log.length === 1)
    assert.equal(connection.open, true)
  })

  it('is over when the server does not acknowledge in time, and lasts when it did', async (t) => {
    const { log } = await listening(t, { timeoutMs: 100 })
    await until('it is over', () => log.includes('end'))
    const other = await listening(t, { timeoutMs: 1000 })
    other.out.send(acknowledge(other.received))
    await until('it is acknowledged', () => other.log.length === 1)
    await ask(other.connection, { timeoutMs: 60_000 })
    assert.equal(other.received.response.closed, false)
  })

  it('is closed by the subscriber: the stream goes, and nobody is told', async (t) => {
    const { received, log, listen, server, connection } = await listening(t)
    listen.close()
    await until('the stream is closed', () => received.response.closed)
    await connection.close()
    await quiet(server)
    assert.deepEqual(log, [])
  })

  it('ends with its connection, and does not begin on a closed one', async (t) => {
    const { log, connection, server } = await listening(t)
    await connection.close()
    assert.deepEqual(log, ['end'])
    const later = subscription()
    connection.listen?.(later.subscription)
    assert.deepEqual(later.log, ['end'])
    await quiet(server)
  })

  it('and calls go on side by side', async (t) => {
    const { connection, out, received, log } = await listening(t)
    const calls = Array.from({ length: 10 }, () => testCall())
    for (const call of calls) connection.call(call)
    out.send(acknowledge(received))
    await Promise.all(calls.map(replied))
    await until('it is acknowledged', () => log.length === 1)
  })
})

it('a server that is replaced behind its URL is seen for what it is now, without any connection having ended', async (t) => {
  let capabilities: JsonObject = { tools: {} }
  const server = await serve(t, (received) => result(received, received.method === 'server/discover' ? { ...discoverResult, capabilities } : {}))
  const { options, told, peer, verdicts, thrown } = bench()
  let nowMs = 0
  const connection = await openHttp({ ...options, nowMs: () => nowMs }, httpWanted(server.url, {}, { era: 'modern' }), told, verdicts, new AbortController().signal)
  t.after(() => connection.close())
  capabilities = { tools: {}, prompts: {} }
  nowMs = 299_999
  await ask(connection)
  assert.equal(server.of('server/discover').length, 1)
  nowMs = 300_000
  await Promise.all([ask(connection), ask(connection)])
  await until('it is known', () => peer.resets === 1)
  assert.deepEqual([connection.initializeResult['capabilities'], server.of('server/discover').length, connection.open, thrown], [{ tools: {}, prompts: {} }, 2, true, []])
  nowMs = 600_000
  await ask(connection)
  await server.got('the question', () => server.of('server/discover').length === 3)
  await ask(connection)
  assert.equal(peer.resets, 1)
})
