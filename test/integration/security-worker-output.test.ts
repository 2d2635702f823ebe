/** What a worker writes can cost its own caller an answer, and nobody else anything (T39). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const nestsDeep = (env: Record<string, string> = {}): { command: string, args: string[], env: Record<string, string> } => {
  return { command: process.execPath, args: [fileURLToPath(new URL('../fixtures/stdio-servers/nests-deep.mjs', import.meta.url))], env }
}

/** The catalogue's answer for a server that broke the protocol. */
const BROKEN = { code: 50201, message: 'The server broke the MCP protocol.' }

describe('JSON nested deeper than a stack', () => {
  let gateway: TestGateway
  let nest: LegacyWire
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }],
      config: {
        mcpServers: { nest: nestsDeep(), named: { ...nestsDeep(), tools: { idempotencyKeys: true } }, hello: nestsDeep({ NEST_IN: 'initialize' }), list: nestsDeep({ NEST_IN: 'tools/list' }), probe: probe() },
        limits: roomyLimits
      }
    })
    nest = gateway.wire('alice', 'nest')
    await nest.open({ capabilities: { sampling: {} } })
  })
  after(() => gateway.stop())

  const othersGoOn = async (): Promise<void> => {
    const bob = gateway.wire('bob', 'probe')
    await bob.open()
    assert.equal(textOf(await bob.call('echo', { text: 'still served' })), 'still served')
    assert.equal((await send(`${gateway.url}/live`)).status, 200)
  }

  for (const where of ['result', 'error']) {
    it(`in a call's ${where}: an error under the caller's id, as JSON, on a stream and in plain JSON`, async () => {
      const call = { name: 'nest', arguments: { in: where } }
      assert.deepEqual((await nest.request('tools/call', call, 'mine')).error, BROKEN)
      const opened = await nest.post({ jsonrpc: '2.0', id: 'streamed', method: 'tools/call', params: { ...call, _meta: { progressToken: 1 } } })
      assert.deepEqual((await responseOf(opened, 'streamed')).error, BROKEN)

      const plain = await send(`${gateway.url}/servers/nest/tools/batch`, {
        body: [{ tool_name: 'nest', arguments: { in: where } }, { tool_name: 'nest', arguments: { in: 'nowhere' } }],
        headers: gateway.keyOf('alice').bearer
      })
      const [broken, whole] = JSON.parse(plain.body()) as Array<Record<string, unknown>>
      assert.deepEqual(broken, { ok: false, error: BROKEN })
      assert.equal(whole?.['ok'], true)
      await othersGoOn()
    })
  }

  for (const where of ['result', 'error']) {
    it(`in a named call's ${where}: the same error under the same key (FR42)`, async () => {
      const named = gateway.wire('alice', 'named')
      await named.open()
      const call = { name: 'nest', arguments: { in: where }, _meta: { 'io.drawbridge/idempotency-key': where } }
      assert.deepEqual((await named.request('tools/call', call)).error, BROKEN)
      assert.deepEqual((await named.request('tools/call', call)).error, BROKEN)
      await othersGoOn()
    })
  }

  for (const where of ['progress', 'log', 'question']) {
    it(`in a ${where}: it is dropped, and the answer after it arrives`, async () => {
      const message = await nest.request('tools/call', { name: 'nest', arguments: { in: where }, _meta: { progressToken: 'p' } })
      assert.equal(textOf(message), 'after')
      await othersGoOn()
    })
  }

  it('in the answer to initialize', async () => {
    const hello = gateway.wire('alice', 'hello')
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    assert.deepEqual((await hello.request('initialize', params)).error, BROKEN)
    await othersGoOn()
  })

  it('in a list: an error from that server, and nothing missing of the others in the list of all', async () => {
    const own = gateway.wire('alice', 'list')
    await own.open()
    assert.deepEqual((await own.request('tools/list')).error, BROKEN)
    const all = gateway.wire('alice', '/mcp')
    await all.open()
    const { tools } = (await all.request('tools/list')).result as { tools: Array<{ name: string }> }
    assert.ok(tools.some(({ name }) => name === 'probe__echo'))
    assert.ok(tools.every(({ name }) => !name.startsWith('list__')))
    await othersGoOn()
  })
})

describe('stderr of a server that does not start', () => {
  it('is shown to operators only, without credentials; its users are told nothing of it (T58)', async (t) => {
    const managementToken = 'f3a9c1d27b5e8064f3a9c1d27b5e8064'
    const told = 'cannot start; API_KEY=canary-one Authorization: Bearer canary-two-0123456789 https://u:canary-three@db.example'
    const gateway = await startGateway({
      env: { DRAWBRIDGE_MANAGEMENT_TOKEN: managementToken },
      config: { mcpServers: { broken: { command: '/bin/sh', args: ['-c', `echo '${told}' >&2; exit 1`] } }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    const { bearer } = gateway.keyOf('alice')
    const refused = await gateway.wire('alice', 'broken').post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })
    await refused.ended
    const status = await send(`${gateway.url}/status`, { headers: bearer })
    const view = await until('the failure', async () => {
      const answer = await send(`${gateway.managementUrl}/admin/servers/broken`, { headers: { authorization: `Bearer ${managementToken}` } })
      return answer.body().includes('cannot start') && answer.body()
    })
    for (const text of [view, refused.body(), status.body(), gateway.output()]) assert.doesNotMatch(text, /canary/)
    for (const text of [refused.body(), status.body(), (await send(`${gateway.url}/health`)).body()]) assert.doesNotMatch(text, /cannot start/)
  })
})
