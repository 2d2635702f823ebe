/** Results of tools that the operator marked, given again: policy, limits and audit run on each (R32, T22). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { countingServer, type CountingServer } from '../helpers/counting-server.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const MINUTE = 60_000
const marks = { search: MINUTE, slow: MINUTE, fails: MINUTE, asks: MINUTE }

describe('results of marked tools', () => {
  let server: CountingServer
  let gateway: TestGateway
  const wires: ModernWire[] = []
  before(async () => {
    server = countingServer()
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }, { tenant: 'acme', user: 'dave' }],
      config: {
        mcpServers: {
          counts: server.entry({ tools: { cache: marks } }),
          shared: server.entry({ isolation: 'shared', env: { COUNTS_WHO: 'everybody' }, tools: { cache: marks } }),
          fresh: server.entry({ isolation: 'call', tools: { cache: marks } }),
          metered: server.entry({ tools: { cache: marks, callsPerMinute: { search: 3 } } })
        },
        tenants: { acme: {}, globex: { tools: { deny: ['shared__search'] } } },
        limits: roomyLimits
      }
    })
  })
  after(async () => {
    for (const wire of wires) wire.close()
    await gateway.stop()
    server.remove()
  })

  async function opened (user: string, path = 'counts', capabilities: Record<string, unknown> = {}): Promise<LegacyWire> {
    const wire = gateway.wire(user, path)
    await wire.open({ capabilities })
    return wire
  }
  const said = async (wire: LegacyWire | ModernWire, name: string, args: Record<string, unknown> = {}): Promise<string> => textOf(await wire.call(name, args)).replace(/^(\w+)-[0-9a-f]{40}/, '$1')
  const modern = (user: string, path: string): ModernWire => {
    const wire = createModernWire(`${gateway.url}/servers/${path}/mcp`, gateway.keyOf(user).bearer)
    wires.push(wire)
    return wire
  }

  it('are given again for the same user and arguments, however these are ordered, and to nobody else (T22)', async () => {
    const [alice, bob, again] = [await opened('alice'), await opened('bob'), await opened('alice')]
    const found = await said(alice, 'search', { a: 1, b: { c: [1, 2], d: 'x' } })
    assert.match(found, /^alice found .* #1$/)
    assert.equal(await said(again, 'search', { b: { d: 'x', c: [1, 2] }, a: 1 }), found)
    for (const other of [{ a: 1 }, { a: 1, b: { c: [2, 1], d: 'x' } }, { a: '1', b: { c: [1, 2], d: 'x' } }, { a: 1, b: { c: [1, 2], d: 'x' }, e: null }, {}]) assert.notEqual(await said(alice, 'search', other), found)
    assert.match(await said(bob, 'search', { a: 1, b: { c: [1, 2], d: 'x' } }), /^bob found/)
  })

  it('are not those of tools that are not marked, of errors, nor of calls during which the server asked', async () => {
    const alice = await opened('alice', 'counts', { elicitation: {} })
    for (const tool of ['lookup', 'fails']) assert.notEqual(await said(alice, tool, { q: 1 }), await said(alice, tool, { q: 1 }))
    const asked = async (): Promise<string> => {
      const answer = await alice.post({ jsonrpc: '2.0', id: 'asks', method: 'tools/call', params: { name: 'asks', arguments: {} } })
      const question = await until('it asks', () => answer.messages().find((message) => message.method === 'elicitation/create'))
      await alice.tell({ id: question.id ?? '', result: { action: 'decline' } })
      const reply = await until('it answers', () => answer.messages().find((message) => message.id === 'asks'))
      return textOf(reply)
    }
    assert.notEqual(await asked(), await asked())
  })

  it('a wish for progress goes to the server, and so does every call where each has a worker of its own', async () => {
    const alice = await opened('alice')
    const call = async (_meta?: Record<string, unknown>): Promise<string> => textOf(await alice.request('tools/call', { name: 'search', arguments: { p: 1 }, ...(_meta === undefined ? {} : { _meta }) }))
    const kept = await call()
    assert.notEqual(await call({ progressToken: 7 }), kept)
    assert.notEqual(await call({ 'acme/locale': 'de' }), kept)
    assert.equal(await call(), kept)
    const before = server.asked('tools/call').length
    const fresh = await opened('alice', 'fresh')
    for (const turn of [1, 2]) assert.match(await said(fresh, 'search', { q: 1 }), /#1$/, `${turn}`)
    assert.equal(server.asked('tools/call').length, before + 2)
  })

  it('of a shared server are everybody\'s who may use the tool, and nobody else hears of them', async () => {
    const [alice, bob, carol] = [await opened('alice', 'shared'), await opened('bob', 'shared'), await opened('carol', 'shared')]
    const found = await said(alice, 'search', { all: true })
    assert.equal(await said(bob, 'search', { all: true }), found)
    assert.equal((await carol.call('search', { all: true })).error?.code, -32602)
    assert.equal((await carol.call('unknown', { all: true })).error?.code, -32602)
  })

  it('are charged and written down as calls', async () => {
    const dave = await opened('dave', 'metered')
    const before = server.asked('tools/call').length
    for (const turn of [1, 2, 3]) assert.match(await said(dave, 'search', { m: 1 }), /#1$/, `${turn}`)
    const refused = await dave.post({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'search', arguments: { m: 1 } } })
    assert.equal(refused.status, 429)
    assert.equal(server.asked('tools/call').length, before + 1)
    const records = (): unknown[] => gateway.logs().filter((line) => line['tool'] === 'search' && line['server'] === 'metered').map((line) => line['outcome'])
    await until('the records', () => records().length === 4)
    assert.deepEqual(records(), ['ok', 'ok', 'ok', 'refused'])
  })

  it('a call that is under way is waited for; when its client goes, the next one leads (T24)', async () => {
    const wire = modern('alice', 'counts')
    await wire.request('tools/list')
    const before = server.asked('tools/call').length
    const leaving = new AbortController()
    const first = wire.begin('tools/call', { name: 'slow', arguments: {} }, { signal: leaving.signal }).catch(() => undefined)
    await until('the first is there', () => server.asked('tools/call').length === before + 1)
    const others = Array.from({ length: 20 }, () => said(wire, 'slow'))
    leaving.abort()
    await first
    await until('the next one leads', () => server.asked('tools/call').length === before + 2)
    server.open()
    assert.equal(new Set(await Promise.all(others)).size, 1)
    assert.equal(server.asked('tools/call').length, before + 2)
  })
})
