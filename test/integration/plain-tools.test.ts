/** Tools as plain JSON, for backends without an MCP client (R6, rulings 5). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

interface PlainAnswer { readonly ok: boolean, readonly result?: { content?: Array<{ text: string }>, isError?: boolean }, readonly error?: { code: number | string, message: string } }

describe('plain JSON tools', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'acme', user: 'reader', scopes: ['tools:read'] }],
      config: { mcpServers: { probe: probe(), unruly: unruly() }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  const post = async (path: string, body: unknown, user = 'alice') => {
    const answer = await send(gateway.url + path, { body, headers: { 'x-api-key': gateway.keyOf(user).text } })
    return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.body()) as unknown }
  }

  it('one call: 200 and {ok:true, result}', async () => {
    for (const [path, tool] of [['/servers/probe/tools', 'echo'], ['/mcp/tools', 'probe__echo']] as const) {
      const { status, headers, json } = await post(path, { tool_name: tool, arguments: { text: 'plain' } })
      assert.equal(status, 200, JSON.stringify(json))
      assert.match(String(headers['content-type']), /^application\/json/)
      assert.deepEqual(json, { ok: true, result: { content: [{ type: 'text', text: 'plain' }] } })
    }
  })

  it('arguments may be left out', async () => {
    assert.equal(((await post('/servers/probe/tools', { tool_name: 'get' })).json as PlainAnswer).ok, true)
  })

  it("a tool's own error is ok:true with isError", async () => {
    const { json } = await post('/servers/probe/tools', { tool_name: 'toolError' })
    assert.deepEqual([(json as PlainAnswer).ok, (json as PlainAnswer).result?.isError], [true, true])
  })

  it('what cannot be called is ok:false with code and message', async () => {
    for (const tool of ['noSuchTool', 'fail']) {
      const { json } = await post('/servers/probe/tools', { tool_name: tool, arguments: {} })
      const answer = json as PlainAnswer
      assert.equal(answer.ok, false, tool)
      assert.ok(answer.error?.code)
      assert.ok(answer.error?.message)
    }
  })

  it('a batch: one entry per call, in order, whatever fails or is slow', async () => {
    const { status, json } = await post('/mcp/tools/batch', [
      { tool_name: 'probe__echo', arguments: { text: 'slow', delayMs: 400 } },
      { tool_name: 'probe__nope', arguments: {} },
      { tool_name: 'unruly__echo', arguments: { text: 'quick' } },
      { tool_name: 'probe__fail', arguments: {} },
      { tool_name: 'probe__echo', arguments: { text: 'last' } }
    ])
    assert.equal(status, 200)
    const answers = json as PlainAnswer[]
    assert.deepEqual(answers.map((answer) => answer.ok), [true, false, true, false, true])
    assert.deepEqual([0, 2, 4].map((index) => answers[index]?.result?.content?.[0]?.text), ['slow', 'quick', 'last'])
  })

  it('a crash costs the entries that were in flight on that worker, not the others', async () => {
    const { json } = await post('/mcp/tools/batch', [{ tool_name: 'unruly__crash' }, { tool_name: 'probe__echo', arguments: { text: 'beside', delayMs: 200 } }])
    const [crashed, beside] = json as PlainAnswer[]
    assert.deepEqual([crashed?.ok, crashed?.error?.code], [false, 50201])
    assert.equal(beside?.result?.content?.[0]?.text, 'beside')
  })

  it('a batch runs side by side', async () => {
    const started = performance.now()
    const { json } = await post('/servers/probe/tools/batch', Array.from({ length: 10 }, (_, index) => ({ tool_name: 'echo', arguments: { text: String(index), delayMs: 500 } })))
    assert.deepEqual((json as PlainAnswer[]).map((answer) => answer.result?.content?.[0]?.text), Array.from({ length: 10 }, (_, index) => String(index)))
    assert.ok(performance.now() - started < 3500)
  })

  it('malformed bodies: 400 with a GW_ code', async () => {
    for (const [path, body] of [['/servers/probe/tools', {}], ['/servers/probe/tools', { tool_name: 5 }], ['/servers/probe/tools', []], ['/servers/probe/tools', { tool_name: 'echo', arguments: 'text' }], ['/servers/probe/tools/batch', {}], ['/servers/probe/tools', '{"tool_name":']] as const) {
      const answer = await send(gateway.url + path, { body, headers: { 'x-api-key': gateway.keyOf('alice').text, 'content-type': 'application/json' } })
      assert.equal(answer.status, 400, `${path} ${JSON.stringify(body)}: ${answer.body()}`)
      assert.match((JSON.parse(answer.body()) as { error: { code: string } }).error.code, /^GW_/)
    }
    assert.equal((await post('/servers/probe/tools/batch', Array.from({ length: 51 }, () => ({ tool_name: 'get' })))).status, 400)
  })

  it('an unknown server is 404', async () => {
    assert.equal((await post('/servers/nope/tools', { tool_name: 'echo' })).status, 404)
  })

  it('isolation and scopes are the same as on /mcp', async () => {
    await post('/servers/probe/tools', { tool_name: 'put', arguments: { value: 'of alice' } })
    assert.match(JSON.stringify((await post('/servers/probe/tools', { tool_name: 'get' })).json), /of alice/)
    assert.doesNotMatch(JSON.stringify((await post('/servers/probe/tools', { tool_name: 'get' }, 'bob')).json), /of alice/)
    const denied = await post('/servers/probe/tools', { tool_name: 'get' }, 'reader')
    assert.ok(denied.status === 403 || (denied.json as PlainAnswer).ok === false, JSON.stringify(denied))
  })

  it('a caller that hangs up cancels the call (rulings 4)', async () => {
    const aborter = new AbortController()
    const call = send(`${gateway.url}/servers/probe/tools`, { body: { tool_name: 'echo', arguments: { text: 'hung up', delayMs: 20_000 } }, headers: { 'x-api-key': gateway.keyOf('bob').text }, signal: aborter.signal })
    const failed = assert.rejects(call)
    const cancelled = async (): Promise<{ cancelled: unknown[], inFlight: number }> => JSON.parse(((await post('/servers/probe/tools', { tool_name: 'cancelled' }, 'bob')).json as PlainAnswer).result?.content?.[0]?.text ?? '{}') as { cancelled: unknown[], inFlight: number }
    await until('it is in flight', async () => (await cancelled()).inFlight === 1)
    aborter.abort()
    await failed
    await until('the server was told', async () => (await cancelled()).cancelled.length === 1)
  })
})
