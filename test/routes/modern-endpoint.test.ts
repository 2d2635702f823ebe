import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { META, notificationText } from '../../src/protocol/index.ts'
import { send } from '../helpers/http-exchange.ts'
import { call, modern, startModern, type Received } from './modern-parts.ts'

const finish = ({ exchange, request }: Received): void => exchange.finish(request.id, { result: {} })

describe('what else may come to the endpoint', () => {
  it('notifications are accepted and mean nothing', async (t) => {
    const { post, received } = await startModern(t)
    for (const [body, headers] of [
      [modern(undefined, 'notifications/cancelled', { requestId: 1 }), { 'mcp-method': undefined, 'mcp-protocol-version': undefined }],
      [{ jsonrpc: '2.0', method: 'notifications/x' }, {}]
    ] as const) {
      const answer = await post(body, headers)
      await answer.ended
      assert.deepEqual([answer.status, answer.body(), answer.headers['content-type']], [202, '', undefined])
    }
    const odd = await post(modern(undefined, 'notifications/x'), { 'mcp-method': 'tools/call' })
    await odd.ended
    assert.deepEqual([odd.status, (JSON.parse(odd.body()) as { id: unknown, error: { code: number } }).error.code], [400, -32020])
    assert.equal(received.length, 0)
  })

  it('responses and batches are no modern messages', async (t) => {
    const { post, received } = await startModern(t)
    const bodies = [
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } },
      [call(1)],
      [{ jsonrpc: '2.0', id: 1, method: 'ping' }]
    ]
    for (const body of bodies) {
      const answer = await post(body)
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.error?.code, answer.messages()[0]?.id], [400, -32600, null], JSON.stringify(body))
    }
    // The claim in one element is enough, whatever the header says.
    const mixed = await post([{ jsonrpc: '2.0', id: 1, method: 'ping' }, call(2)], { 'mcp-protocol-version': '2025-03-26' })
    await mixed.ended
    assert.deepEqual([mixed.status, mixed.messages()[0]?.error?.code], [400, -32600])
    assert.equal(received.length, 0)
  })

  it('malformed bodies, wrong Accept, no credential, unknown servers are refused as ever', async (t) => {
    const { post, bench, received } = await startModern(t)
    const cases: ReadonlyArray<readonly [unknown, Readonly<Record<string, string | undefined>>, number, number | undefined]> = [
      ['{', { 'content-type': 'application/json' }, 400, -32700],
      [{ jsonrpc: '1.0', id: 1, method: 'x' }, {}, 400, -32600],
      [call(1), { accept: 'application/json' }, 406, -32600],
      [call(1), { authorization: undefined }, 401, -32600]
    ]
    for (const [body, headers, status, code] of cases) {
      const answer = await post(body, headers)
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.error?.code], [status, code])
    }
    const unknown = await send(`${bench.url}/servers/nobody/mcp`, { body: call(1), headers: { ...bench.headers(), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' } })
    assert.deepEqual([unknown.status, unknown.messages()[0]?.error?.code], [404, -32602])
    assert.equal(received.length, 0)
  })

  it('removed methods are not found; GET and DELETE are not allowed', async (t) => {
    const { post, bench, received } = await startModern(t)
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) {
      const answer = await post(modern('m', method))
      await answer.ended
      assert.deepEqual([answer.status, answer.messages()[0]?.error?.code, answer.messages()[0]?.id], [404, -32601, 'm'], method)
    }
    for (const method of ['GET', 'DELETE']) assert.equal((await send(`${bench.url}/servers/echo/mcp`, { method, headers: { ...bench.headers(), accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' } })).status, 405)
    assert.equal(received.length, 0)
  })

  it('nothing like a session is taken, made or echoed, and no event can be asked for again', async (t) => {
    let answering = finish
    const { post, bench, received } = await startModern(t, { answer: (one) => answering(one) })
    const session = bench.wire()
    await session.open()
    const held = { 'mcp-session-id': session.sessionId, 'last-event-id': 'a.1.1' }
    const answers = [await post(call(1), held), await post(modern(2, 'ping'), held), await post(modern(undefined, 'notifications/x'), held), await post({ jsonrpc: '2.0', id: 3, method: 'tools/list' }, held), await post([call(1)], held), await post(call(1), { ...held, 'mcp-session-id': 'made-up' })]
    answering = (one) => {
      one.exchange.emit(notificationText('notifications/message'))
      finish(one)
    }
    answers.push(await post(call(4), held))
    for (const answer of answers) {
      await answer.ended
      assert.deepEqual(Object.keys(answer.headers).filter((name) => name.startsWith('mcp-')), [])
      assert.doesNotMatch(answer.body(), /^(?:id|retry):/m)
      assert.ok(!answer.body().includes(session.sessionId ?? '') && !answer.body().includes('-32001') && !answer.body().includes('-32000'))
    }
    assert.deepEqual(answers.map(({ status }) => status), [200, 404, 202, 400, 400, 200, 200])
    assert.deepEqual([received.length, bench.gateway.sessionCounts.http], [3, 1])
    assert.ok((await session.request('ping')).result, 'the session itself goes on')
  })

  it('an older claim, or one of tomorrow, is told what is served here', async (t) => {
    const { post, received } = await startModern(t)
    for (const version of ['2025-11-25', '2031-01-01', 'v999.0.0']) {
      const answer = await post(modern('v', 'tools/list', {}, { [META.protocolVersion]: version }), { 'mcp-protocol-version': version })
      await answer.ended
      const { id, error } = answer.messages()[0] ?? {}
      assert.deepEqual([answer.status, id, error?.code, error?.data], [400, 'v', -32022, { supported: ['2026-07-28'], requested: version }])
    }
    assert.equal(received.length, 0)
  })
})

describe('CORS', () => {
  it('browsers may send the headers that mirror arguments, and no others', async (t) => {
    const { bench } = await startModern(t, { change: ({ settings }) => ({ settings: { ...settings, http: { ...settings.http, allowedOrigins: ['https://app.example'] } } }) })
    const allowed = async (requested: string): Promise<readonly string[]> => {
      const answer = await send(`${bench.url}/servers/echo/mcp`, { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': requested } })
      assert.equal(answer.status, 204)
      return String(answer.headers['access-control-allow-headers']).split(', ').map((name) => name.toLowerCase())
    }
    const some = await allowed('mcp-name, mcp-param-region,Mcp-Param-Zone, x-evil, mcp-param-, mcp-paramx')
    for (const name of ['mcp-method', 'mcp-name', 'mcp-protocol-version', 'mcp-param-region', 'mcp-param-zone']) assert.ok(some.includes(name), name)
    assert.ok(!some.some((name) => name.includes('evil') || name === 'mcp-param-' || name === 'mcp-paramx'))
    assert.ok(!(await allowed('authorization')).some((name) => name.startsWith('mcp-param')))
  })
})
