/** Many clients, the same ids and tokens, servers over HTTP: everybody has their own answers, and connections are not shared (T18, T19, T20). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startFixtureUpstreams } from '../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import { responseOf, textOf } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { openSseWire } from '../helpers/sse-wire.ts'
import { until } from '../helpers/until.ts'
import { legacyServer } from '../unit/upstream/http/http-parts.ts'
import { argsOf, entryOf, faultsOf, result, textResult } from './upstream-parts.ts'

const CLIENTS = 50
const CALLS = 6
const KINDS = ['http-legacy', 'http-modern', 'sse'] as const
const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }]

function modernOf (t: TestContext, gateway: TestGateway, user: string, server: string): ModernWire {
  const wire = createModernWire(`${gateway.url}/servers/${server}/mcp`, gateway.keyOf(user).bearer)
  t.after(() => { wire.close() })
  return wire
}

const nonceIn = (answer: JsonRpc): unknown => (JSON.parse(textOf(answer)) as { arguments: { nonce: string } }).arguments.nonce

describe('many clients of HTTP servers', () => {
  it(`${CLIENTS} clients of two users and both eras, ${CALLS} calls each at once, all with id 1: every answer is its caller's own (T18)`, async (t) => {
    const upstreams = await startFixtureUpstreams(KINDS)
    t.after(() => upstreams.stop())
    const gateway = await startGateway({
      users,
      config: { mcpServers: Object.fromEntries(KINDS.flatMap((kind) => [[kind, upstreams.entry(kind)], [`${kind}-shared`, upstreams.entry(kind, { isolation: 'shared' })]])), limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    for (const server of KINDS.flatMap((kind) => [kind, `${kind}-shared`])) {
      const answers = await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
        const user = client % 2 === 0 ? 'alice' : 'bob'
        const call = await callerOf(t, gateway, user, server, client % 4 < 2)
        return await Promise.all(Array.from({ length: CALLS }, async (_, at) => {
          const nonce = `${server} ${user} ${client} ${at}`
          const answer = await call({ nonce })
          return { nonce, got: nonceIn(answer), id: answer.id }
        }))
      }))
      assert.deepEqual(answers.flat().filter(({ nonce, got, id }) => nonce !== got || id !== 1), [])
      assert.equal(answers.flat().length, CLIENTS * CALLS)
    }
    assert.deepEqual(faultsOf(gateway), [])
  })

  it('progress of one token goes to its own call; cancelling other people\'s ids cancels nothing (T20)', async (t) => {
    const upstreams = await startFixtureUpstreams(KINDS)
    t.after(() => upstreams.stop())
    const gateway = await startGateway({ users, config: { mcpServers: Object.fromEntries(KINDS.map((kind) => [kind, upstreams.entry(kind, { isolation: 'shared' })])), limits: roomyLimits } })
    t.after(() => gateway.stop())
    await Promise.all(KINDS.map(async (kind) => {
      const bob = gateway.wire('bob', kind)
      await bob.open()
      const begun = await Promise.all(Array.from({ length: 10 }, async (_, at) => {
        const steps = 10 + at
        const params = { name: 'slow_progress', arguments: { key: `${kind}-${at}`, steps, everyMs: 15 } }
        return { steps, answer: await modernOf(t, gateway, at % 2 === 0 ? 'alice' : 'bob', kind).begin('tools/call', params, { id: 1, meta: { progressToken: 1 } }) }
      }))
      const old = await openSseWire(`${gateway.url}/servers/${kind}/sse`, gateway.keyOf('bob').bearer)
      for (let id = 0; id < 30; id++) {
        await bob.tell({ method: 'notifications/cancelled', params: { requestId: id } })
        await old.post({ method: 'notifications/cancelled', params: { requestId: id } })
      }
      for (const { steps, answer } of begun) {
        assert.equal(textOf(await responseOf(answer, 1)), `done after ${steps} steps`)
        const progress = answer.messages().filter(({ method }) => method === 'notifications/progress').map(({ params }) => [params?.['progressToken'], params?.['progress'], params?.['total']])
        assert.deepEqual(progress, Array.from({ length: steps }, (_, at) => [1, at + 1, steps]))
      }
      old.stream.cut()
    }))
    assert.deepEqual(faultsOf(gateway), [])
  })

  it('no connection, and no session of a server, is two users\' own (T19)', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === 'tools/list') result(received, { tools: [] })
      else setTimeout(() => result(received, textResult('fine')), 5)
    })
    const gateway = await startGateway({ users: [...users, { tenant: 'acme', user: 'carol' }], config: { mcpServers: { own: entryOf(server) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    for (let round = 0; round < 3; round++) {
      await Promise.all(['alice', 'bob', 'carol'].flatMap((user) => Array.from({ length: 10 }, () => modernOf(t, gateway, user, 'own').call('x', { user }))))
      // What is left of the connections is used again, by its own user.
      await until('all have been answered', () => server.of('tools/call').every(({ response }) => response.writableFinished))
    }
    const usersOf = new Map<unknown, Set<unknown>>()
    for (const received of server.of('tools/call')) {
      // The connection itself: a port may be another's later, and is unknown of one that is closed.
      for (const held of [received.headers['mcp-session-id'], received.response.req.socket]) {
        const seen = usersOf.get(held) ?? new Set()
        usersOf.set(held, seen.add(argsOf(received)['user']))
      }
    }
    assert.ok(usersOf.size >= 6)
    assert.deepEqual([...usersOf.values()].filter((seen) => seen.size > 1), [])
  })
})

/** One client, of either era; its calls all have id 1. */
async function callerOf (t: TestContext, gateway: TestGateway, user: string, server: string, isModern: boolean): Promise<(args: Record<string, unknown>) => Promise<JsonRpc>> {
  if (isModern) {
    const wire = modernOf(t, gateway, user, server)
    return (args) => wire.call('whoami', args, { id: 1 })
  }
  const wire = gateway.wire(user, server)
  await wire.open()
  // In a session one id may be in flight only once.
  let turn: Promise<unknown> = Promise.resolve()
  return (args) => {
    const answer = turn.then(() => wire.call('whoami', args, 1))
    turn = answer
    return answer
  }
}
