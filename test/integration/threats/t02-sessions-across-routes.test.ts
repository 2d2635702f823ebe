/** T02 Session crosses route or backend, over two replicas: a session is good on the route where it was opened, and nowhere else; nor after its replica was started again. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { exchange, send } from '../../helpers/http-exchange.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

const ROUTES = ['/servers/open/mcp', '/servers/strict/mcp', '/mcp']

describe('T02: a session on another route', () => {
  let set: ReplicaSet
  before(async () => {
    set = await startReplicas({ users: [{ tenant: 'acme', user: 'alice' }], config: { mcpServers: { open: probe(), strict: probe({ tools: { deny: ['put'] } }) }, limits: roomyLimits } })
  })
  after(async () => { await set.stop() })

  async function statuses (at: TestReplica, route: string, sessionId: string): Promise<number[]> {
    const headers = { ...set.keyOf('alice').bearer, 'mcp-session-id': sessionId, accept: 'application/json, text/event-stream' }
    const message = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const answers = [
      await exchange(at.url + route, { method: 'POST', body: message, headers }),
      await exchange(at.url + route, { headers: { ...headers, accept: 'text/event-stream' } }),
      await send(at.url + route, { method: 'DELETE', headers })
    ]
    for (const answer of answers) answer.cut()
    return answers.map(({ status }) => status)
  }

  it('is 404 through either replica', async () => {
    for (const route of ROUTES) {
      const wire = set.wire('alice', route)
      await wire.open()
      for (const other of ROUTES.filter((one) => one !== route)) {
        for (const at of set.replicas) assert.deepEqual(await statuses(at, other, wire.sessionId ?? ''), [404, 404, 404], `${route} on ${other} at ${at.name}`)
      }
      assert.equal((await wire.request('ping')).error, undefined)
      await wire.end()
    }
  })

  it('is 404 on every route after its replica was started again, through either', async () => {
    const wire = set.wire('alice', ROUTES[0] ?? '')
    await wire.open()
    assert.ok(textOf(await wire.call('get')))
    const home = set.replicas.find(({ name }) => wire.sessionId?.startsWith(`${name}-`)) as TestReplica
    await home.kill()
    await home.start()
    for (const route of ROUTES) for (const at of set.replicas) assert.deepEqual(await statuses(at, route, wire.sessionId ?? ''), [404, 404, 404], `${route} at ${at.name}`)
  })
})
