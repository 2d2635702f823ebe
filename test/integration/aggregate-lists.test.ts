/** Lists of `/mcp` over real HTTP and real workers: what is down, whose last list it is, pages, names over restarts, references (R5, FR17, T21, T22, D8). */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const LONG = 'a_tool_with_a_name_that_is_far_too_long_for_what_model_interfaces_take'
const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]
const fixture = fileURLToPath(new URL('../fixtures/stdio-servers/lists.mjs', import.meta.url))
const tool = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ name, inputSchema: { type: 'object' }, ...more })

interface Page { readonly names: string[], readonly next: string | undefined, readonly servers: unknown }

async function page (wire: LegacyWire, cursor?: string): Promise<Page> {
  const { result, error } = await wire.request('tools/list', cursor === undefined ? undefined : { cursor })
  assert.ok(result, JSON.stringify(error))
  return {
    names: (result['tools'] as Array<{ name: string }>).map(({ name }) => name),
    next: result['nextCursor'] as string | undefined,
    servers: (result['_meta'] as Record<string, unknown> | undefined)?.['io.drawbridge/servers']
  }
}

async function opened (gateway: TestGateway, user = 'alice', path = '/mcp'): Promise<LegacyWire> {
  const wire = gateway.wire(user, path)
  await wire.open()
  return wire
}

describe('the aggregate while a server is down', () => {
  let gateway: TestGateway
  let dir: string
  const plan = async (content: Record<string, unknown>): Promise<void> => {
    await writeFile(join(dir, 'next'), JSON.stringify(content))
    await rename(join(dir, 'next'), join(dir, 'plan'))
  }
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aggregate-lists-'))
    await plan({ tools: [tool('kept')] })
    gateway = await startGateway({
      users,
      config: {
        mcpServers: {
          planned: { command: process.execPath, args: [fixture], env: { LISTS_PLAN: join(dir, 'plan'), LISTS_WHO: '{user}', LISTS_JOURNAL: join(dir, 'journal') } },
          up: probe(),
          dead: unruly({ env: { UNRULY_START: 'exit' } })
        },
        // What the servers say now; that it is kept is cache-lists.test.ts'.
        cache: { listTtlMs: 0 },
        limits: roomyLimits
      }
    })
  })
  after(async () => {
    await gateway.stop()
    await rm(dir, { recursive: true })
  })

  it('is neither empty nor late, and says what is missing', async () => {
    const wire = await opened(gateway)
    const startedMs = performance.now()
    const { names, servers } = await page(wire)
    assert.ok(performance.now() - startedMs < 10_000)
    assert.ok(names.includes('planned__kept') && names.includes('up__echo'), names.join(' '))
    assert.deepEqual(servers, { down: ['dead'] })
  })

  it('shows each user the own last list, and the fresh one after (T22)', async () => {
    const [alice, bob] = [await opened(gateway), await opened(gateway, 'bob')]
    const own = async (wire: LegacyWire): Promise<{ readonly whose: string, readonly servers: unknown }> => {
      const { names, servers } = await page(wire)
      return { whose: names.filter((name) => name.includes('of-')).map((name) => name.replace(/^planned__of-(\w+?)-.*$/, '$1')).join(), servers }
    }
    assert.deepEqual([await own(alice), await own(bob)], [{ whose: 'alice', servers: { down: ['dead'] } }, { whose: 'bob', servers: { down: ['dead'] } }])
    await plan({ down: true })
    for (const wire of [alice, bob]) await wire.call('planned__exit')
    for (const wire of [alice, bob]) await until('it is down', async () => JSON.stringify((await page(wire)).servers).includes('stale'))
    for (const [wire, whose] of [[bob, 'bob'], [alice, 'alice'], [bob, 'bob']] as const) assert.deepEqual(await own(wire), { whose, servers: { stale: ['planned'], down: ['dead'] } })
    await plan({ tools: [tool('fresh')] })
    await until('the fresh list', async () => (await page(alice)).names.includes('planned__fresh'), 60_000)
    assert.deepEqual(await own(alice), { whose: 'alice', servers: { down: ['dead'] } })
  })

  it('is read once for many who ask at once (FR17)', async () => {
    const wires = await Promise.all(Array.from({ length: 20 }, () => opened(gateway)))
    await plan({ tools: [tool('fresh')] })
    await until('it is up', async () => (await page(wires[0] as LegacyWire)).names.includes('planned__fresh'), 60_000)
    await plan({ hold: ['tools/list'] })
    const before = await readings()
    const lists = wires.map((wire) => page(wire))
    await until('it is asked, and all have asked for it', async () => await readings() > before && await metricOf(gateway, 'http_requests_in_flight') === lists.length)
    await plan({ tools: [tool('together')] })
    for (const { names } of await Promise.all(lists)) assert.ok(names.some((name) => ['planned__together', 'planned__fresh'].includes(name)), names.join(' '))
    // One more for those whose request came when the first reading was over.
    assert.ok(await readings() - before <= 2)
  })

  async function readings (): Promise<number> {
    return (await readFile(join(dir, 'journal'), 'utf8')).split('\n').filter((line) => line.includes(' tools/list ')).length
  }
})

describe('the aggregate over a restart of the gateway', () => {
  const tools = Array.from({ length: 1000 }, (_, index) => tool(`t${index}`))
  const ui = { _meta: { 'ui/resourceUri': 'ui://view', ui: { resourceUri: 'ui://view' } } }
  const plans = {
    zeta: { tools: tools.slice(0, 400) },
    alpha: { tools: tools.slice(400, 800), pageSize: 33 },
    mid: {
      tools: [...tools.slice(800), tool(LONG), tool('shows', ui), tool('panel', { _meta: { ui: { visibility: ['app'], resourceUri: 'ui://view' } } })],
      resources: [{ uri: 'ui://view', name: 'view', mimeType: 'text/html;profile=mcp-app' }],
      results: {
        shows: { content: [{ type: 'resource_link', uri: 'file:///a', name: 'a' }, { type: 'resource', resource: { uri: 'ui://view', text: 'x' } }], structuredContent: { uri: 'ui://view' }, _meta: { ui: { resourceUri: 'ui://view' } } },
        'ui://view': { contents: [{ uri: 'ui://view', mimeType: 'text/html;profile=mcp-app', text: '<p>', _meta: { ui: { prefersBorder: true } } }] },
        asks: { messages: [{ role: 'user', content: { type: 'resource', resource: { uri: 'file:///a', text: 'x' } } }] }
      },
      prompts: [{ name: 'asks' }]
    }
  }
  let gateway: TestGateway
  let dir: string
  const start = (): Promise<TestGateway> => startGateway({
    users,
    config: { mcpServers: Object.fromEntries(Object.keys(plans).map((name) => [name, { command: process.execPath, args: [fixture], env: { LISTS_PLAN: join(dir, name) } }])), limits: roomyLimits }
  })
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'aggregate-lists-'))
    for (const [name, content] of Object.entries(plans)) await writeFile(join(dir, name), JSON.stringify(content))
    gateway = await start()
  })
  after(async () => {
    await gateway.stop()
    await rm(dir, { recursive: true })
  })

  it('a thousand tools in pages; the same names, order and calls after a restart; cursors end with the process', async () => {
    const read = async (wire: LegacyWire): Promise<Page[]> => {
      const all = [await page(wire)]
      for (let next = all[0]?.next; next !== undefined; next = all.at(-1)?.next) all.push(await page(wire, next))
      return all
    }
    const before = await read(await opened(gateway))
    const names = before.flatMap((each) => each.names)
    assert.deepEqual(before.map((each) => each.names.length), [500, 500, 2])
    assert.equal(new Set(names).size, 1002)
    assert.deepEqual([names[0], names[400], names[800]], ['zeta__t0', 'alpha__t400', 'mid__t800'])
    const long = names.find((name) => name.startsWith('mid__a_tool'))
    assert.match(String(long), /^[A-Za-z0-9_-]{64}$/)
    await gateway.stop()
    gateway = await start()
    const wire = await opened(gateway)
    assert.equal(textOf(await wire.call(String(long))), `called ${LONG}`, 'without a list before')
    assert.equal((await wire.request('tools/list', { cursor: before[0]?.next })).error?.code, -32602)
    assert.deepEqual((await read(wire)).flatMap((each) => each.names), names)
  })

  it('cursors of others, of other endpoints and made-up ones are refused (T21)', async () => {
    const { next } = await page(await opened(gateway))
    const own = await page(await opened(gateway, 'alice', '/servers/alpha/mcp'))
    assert.ok(next !== undefined && own.next !== undefined)
    for (const [user, path, cursor] of [['bob', '/mcp', next], ['alice', '/servers/alpha/mcp', next], ['alice', '/mcp', own.next], ['alice', '/servers/zeta/mcp', own.next], ['alice', '/mcp', 'inner-33'], ['alice', '/servers/alpha/mcp', 'inner-33']] as const) {
      assert.equal((await (await opened(gateway, user, path)).request('tools/list', { cursor })).error?.code, -32602, `${user} ${path}`)
    }
  })

  it('references are the aggregate\'s in lists, results, contents and prompts; structured content is left alone', async () => {
    const wire = await opened(gateway)
    await page(wire)
    const { result: resources } = await wire.request('resources/list')
    assert.deepEqual(resources?.['resources'], [{ uri: 'ui://mid/view', name: 'view', mimeType: 'text/html;profile=mcp-app' }])
    const all: Array<Record<string, unknown>> = []
    for (let cursor: string | undefined; ;) {
      const { result } = await wire.request('tools/list', cursor === undefined ? {} : { cursor })
      all.push(...result?.['tools'] as Array<Record<string, unknown>>)
      cursor = result?.['nextCursor'] as string | undefined
      if (cursor === undefined) break
    }
    assert.deepEqual(all.find(({ name }) => name === 'mid__shows')?.['_meta'], { 'ui/resourceUri': 'ui://mid/view', ui: { resourceUri: 'ui://mid/view' } })
    const { result: shown } = await wire.call('mid__shows')
    assert.deepEqual(shown, {
      content: [{ type: 'resource_link', uri: 'mid+file:///a', name: 'a' }, { type: 'resource', resource: { uri: 'ui://mid/view', text: 'x' } }],
      structuredContent: { uri: 'ui://view' },
      _meta: { ui: { resourceUri: 'ui://mid/view' } }
    })
    const { result: read } = await wire.request('resources/read', { uri: 'ui://mid/view' })
    assert.deepEqual(read?.['contents'], [{ uri: 'ui://mid/view', mimeType: 'text/html;profile=mcp-app', text: '<p>', _meta: { ui: { prefersBorder: true } } }])
    const { result: prompt } = await wire.request('prompts/get', { name: 'mid__asks' })
    assert.deepEqual(prompt?.['messages'], [{ role: 'user', content: { type: 'resource', resource: { uri: 'mid+file:///a', text: 'x' } } }])
  })

  it('an app\'s own tool is at its server\'s endpoint and nowhere else (D8)', async () => {
    const [all, own] = [await opened(gateway), await opened(gateway, 'alice', '/servers/mid/mcp')]
    assert.ok((await page(own)).names.includes('panel'))
    assert.equal(textOf(await own.call('panel')), 'called panel')
    const [panel, nowhere] = [await all.call('mid__panel', {}, 'x'), await all.call('nowhere__panel', {}, 'x')]
    assert.deepEqual(panel, nowhere)
    assert.deepEqual(panel, { jsonrpc: '2.0', id: 'x', error: { code: -32602, message: 'Unknown tool.' } })
    const plain = await fetch(`${gateway.url}/mcp/tools`, { method: 'POST', headers: { ...gateway.keyOf('alice').bearer, 'content-type': 'application/json' }, body: JSON.stringify({ tool_name: 'mid__panel', arguments: {} }) })
    assert.equal(plain.status, 200, await plain.clone().text())
    assert.deepEqual(await plain.json(), { ok: false, error: { code: -32602, message: 'Unknown tool.' } })
  })
})
