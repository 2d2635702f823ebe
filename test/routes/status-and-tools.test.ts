import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { textOf } from '../helpers/legacy-wire.ts'
import { fixture, startRoutes } from './routes-parts.ts'
import type { RoutesBench } from './routes-parts.ts'

const echo = fixture('echo.mjs')

interface Row { readonly name: string, readonly state: string, readonly workers: Record<string, number>, readonly last_error?: { readonly class: string } }

async function rows ({ edge, headers }: RoutesBench, user: string): Promise<Map<string, Row>> {
  const { status, body } = await edge.send('/status', { headers: headers(user) })
  assert.equal(status, 200)
  return new Map((JSON.parse(body()) as { servers: Row[] }).servers.map((row) => [row.name, row]))
}

describe('GET /status (R9)', () => {
  it('tells each of their own workers, and of what failed by its class only', async (t) => {
    const bench = await startRoutes(t, { servers: { echo, broken: fixture('exits-at-start.mjs'), unused: echo } })
    const alice = bench.wire()
    await alice.open()
    assert.equal(textOf(await alice.call('echo', { text: 'x' })), 'x')
    await assert.rejects(bench.wire('/servers/broken/mcp').open())
    const [own, bobs] = [await rows(bench, 'alice'), await rows(bench, 'bob')]
    assert.deepEqual([own.get('echo')?.state, own.get('echo')?.workers], ['running', { running: 1, starting: 0, calls_in_flight: 0 }])
    assert.deepEqual([bobs.get('echo')?.state, bobs.get('echo')?.workers], ['idle', { running: 0, starting: 0, calls_in_flight: 0 }])
    assert.deepEqual([own.get('unused')?.state, own.get('broken')?.state, own.get('broken')?.last_error?.class], ['idle', 'failing', 'GW_UPSTREAM_START'])
    const { body } = await bench.edge.send('/health/mcp-status', { headers: bench.headers() })
    assert.doesNotMatch(body(), /no token|pid|stderr/)
  })

  it('needs a credential', async (t) => {
    const { edge } = await startRoutes(t, { servers: { echo } })
    for (const path of ['/status', '/health/mcp-status']) assert.equal((await edge.send(path)).status, 401)
  })
})

describe('plain JSON tools (R7, rulings 5)', () => {
  it('one call, and a batch in order: a refused or failed one sinks no other', async (t) => {
    const { edge, headers } = await startRoutes(t, { servers: { echo: { ...echo, tools: { deny: ['env'], timeoutMs: {}, callsPerMinute: {} } } } })
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const answer = await edge.send(path, { body, headers: headers() })
      assert.equal(answer.status, 200)
      return JSON.parse(answer.body())
    }
    const said = (text: string): object => ({ ok: true, result: { content: [{ type: 'text', text }] } })
    assert.deepEqual(await post('/servers/echo/tools', { tool_name: 'echo', arguments: { text: 'one' } }), said('one'))
    assert.deepEqual(await post('/mcp/tools', { tool_name: 'echo__echo', arguments: { text: 'all' } }), said('all'))
    assert.deepEqual(await post('/servers/echo/tools', { tool_name: 'fail' }), { ok: true, result: { content: [{ type: 'text', text: 'failed on purpose' }], isError: true } })
    const batch = [{ tool_name: 'sleep', arguments: { ms: 50, text: 'first' } }, { tool_name: 'env' }, { tool_name: 'echo', arguments: { text: 'last' } }]
    assert.deepEqual(await post('/servers/echo/tools/batch', batch), [said('first'), { ok: false, error: { code: -32602, message: 'Unknown tool.' } }, said('last')])
  })

  it('bodies of another shape are 400 and name what is wrong; nothing runs', async (t) => {
    const bench = await startRoutes(t, { servers: { echo } })
    const { edge, headers } = bench
    const entry = { tool_name: 'echo' }
    const bad: Array<[string, unknown, RegExp]> = [
      ['/servers/echo/tools', [entry], /must be an object/], ['/servers/echo/tools', {}, /tool_name/], ['/servers/echo/tools', { tool_name: '' }, /tool_name/], ['/servers/echo/tools', { ...entry, arguments: [] }, /arguments/],
      ['/servers/echo/tools', { ...entry, Tool_name: 'x' }, /only/], ['/servers/echo/tools/batch', entry, /array/], ['/servers/echo/tools/batch', [], /array/], ['/servers/echo/tools/batch', Array.from({ length: 51 }, () => entry), /1 to 50/],
      ['/servers/echo/tools/batch', [entry, 7], /Entry \[1\]/], ['/servers/echo/tools', 'not json', /JSON/]
    ]
    for (const [path, body, message] of bad) {
      const answer = await edge.send(path, { body, headers: { ...headers(), 'content-type': 'application/json' } })
      assert.equal(answer.status, 400, answer.body())
      assert.match((JSON.parse(answer.body()) as { error: { message: string } }).error.message, message)
    }
    assert.equal((await rows(bench, 'alice')).get('echo')?.state, 'idle')
  })

  it('a call that was refused says so by status, with Retry-After', async (t) => {
    const { edge, headers } = await startRoutes(t, { servers: { echo }, limits: { callsPerMinute: 1 } })
    const post = (): ReturnType<typeof edge.send> => edge.send('/servers/echo/tools', { body: { tool_name: 'echo', arguments: { text: 'x' } }, headers: headers() })
    assert.equal((await post()).status, 200)
    const refused = await post()
    assert.deepEqual([refused.status, (JSON.parse(refused.body()) as { ok: boolean }).ok], [429, false])
    assert.ok(Number(refused.headers['retry-after']) >= 1)
  })

  it('unknown and forbidden servers are the same 404', async (t) => {
    const { edge, headers } = await startRoutes(t, { servers: { echo } })
    const answer = await edge.send('/servers/other/tools', { body: { tool_name: 'echo' }, headers: headers() })
    assert.equal(answer.status, 404)
  })
})
