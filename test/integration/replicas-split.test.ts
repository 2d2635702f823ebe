/**
 * FR24 and FR30: a replica that cannot reach Redis, is cut off from the others, or dies. A session that lives is never answered
 * 404; a user's worker never runs twice; whoever was served by the dead is served by another replica soon.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { createLegacyWire, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../helpers/replicas.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { startTcpRelay, type TcpRelay } from '../helpers/tcp-relay.ts'
import { until } from '../helpers/until.ts'

const users = manyUsers(12)

describe('a replica that has lost Redis while the other one has it', () => {
  let redis: TestRedis
  let relay: TcpRelay
  let set: ReplicaSet
  let one: TestReplica
  let two: TestReplica
  const wires: LegacyWire[] = []
  before(async () => {
    redis = await startRedis()
    relay = await startTcpRelay(redis.port)
    set = await startReplicas({ redis, users, redisUrlOf: (name) => name === 'two' ? `redis://127.0.0.1:${relay.port}` : redis.url, config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    const [first, second] = set.replicas as [TestReplica, TestReplica]
    one = first
    two = second
  })
  after(async () => {
    for (const wire of wires) wire.close()
    await set.stop()
    await relay.stop()
    await redis.stop()
  })

  function through (at: TestReplica, user: string, sessionId: string | undefined): LegacyWire {
    const wire = createLegacyWire(`${at.url}/servers/probe/mcp`, { ...set.keyOf(user).bearer })
    wire.sessionId = sessionId
    wires.push(wire)
    return wire
  }

  const status = async (wire: LegacyWire): Promise<number> => {
    const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get' } })
    await answer.ended
    return answer.status
  }

  for (const how of ['frozen', 'gone'] as const) {
    it(`its way to Redis ${how}: sessions go on through either replica, never 404; one worker for each user`, async () => {
      const pids = new Map<string, number>()
      const sessions = await Promise.all(users.slice(0, 6).map(async ({ user }, at) => {
        const wire = set.wire(user, 'probe', at % 2 === 0 ? one : two)
        await wire.open()
        pids.set(user, pidOf(await wire.call('get')))
        return { user, id: wire.sessionId }
      }))
      if (how === 'frozen') relay.freeze()
      else await relay.stop()
      await until('it was noticed', () => two.gateway.logs().some(({ event }) => event === 'replica_unannounced'), 20_000)
      // Longer than a listing lasts, so that the other one misses it.
      const endMs = performance.now() + 11_000
      const seen = new Set<number>()
      await until('time has passed', async () => {
        for (const { user, id } of sessions) for (const at of [one, two]) seen.add(await status(through(at, user, id)))
        return performance.now() > endMs
      }, 60_000)
      assert.ok(!seen.has(404), [...seen].join())
      assert.ok(seen.has(200))
      for (const { user, id } of sessions) for (const at of [one, two]) assert.equal(pidOf(await through(at, user, id).call('get')), pids.get(user))
      // Whom neither has met: placed by the one that reaches Redis.
      for (const { user } of users.slice(how === 'frozen' ? 6 : 9, how === 'frozen' ? 9 : 12)) {
        const both = await Promise.all([one, two].map(async (at) => pidOf(await set.modern(user, 'probe', at).call('get'))))
        assert.equal(both[0], both[1], user)
      }
      assert.ok(!two.gateway.logs().some(({ event }) => event === 'owner_fenced'))
      relay.thaw()
    })
  }
})

describe('a replica that stands still', () => {
  it('is 503 and not 404 for its sessions, and they go on when it does', async () => {
    const set = await startReplicas({ users, config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    try {
      const wire = set.wire('u0', 'probe')
      await wire.open()
      await wire.call('put', { value: 'kept' })
      const home = set.replicas.find(({ name }) => wire.sessionId?.startsWith(`${name}-`)) as TestReplica
      const other = set.replicas.find((one) => one !== home) as TestReplica
      const asking = createLegacyWire(`${other.url}/servers/probe/mcp`, { ...set.keyOf('u0').bearer })
      asking.sessionId = wire.sessionId
      home.gateway.kill('SIGSTOP')
      const hanging = asking.post({ jsonrpc: '2.0', id: 'hung', method: 'tools/call', params: { name: 'get' } })
      const refused = await until('it is missed', async () => {
        const tooLate = new Promise<undefined>((resolve) => { setTimeout(() => { resolve(undefined) }, 500) })
        return await Promise.race([asking.post({ jsonrpc: '2.0', id: 2, method: 'ping' }), tooLate])
      }, 30_000)
      assert.equal(refused.status, 503)
      assert.equal(refused.headers['retry-after'], '1')
      home.gateway.kill('SIGCONT')
      // It was too old to be run when it was read: sent again, or refused as the others were.
      assert.ok([200, 503].includes((await hanging).status))
      const answered = await until('it is reached again', async () => {
        const { status } = await asking.post({ jsonrpc: '2.0', id: 3, method: 'ping' })
        return status === 503 ? undefined : status
      })
      assert.equal(answered, 200)
      assert.match(textOf(await asking.call('get')), /kept/)
      asking.close()
    } finally {
      await set.stop()
    }
  })
})

describe('a replica that was killed', () => {
  it('costs its users their sessions and calls in flight, and nothing else: the other one serves them at once', async () => {
    const set = await startReplicas({ users, config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    try {
      const [one, two] = set.replicas as [TestReplica, TestReplica]
      const wires = await Promise.all(users.map(async ({ user }, at) => {
        const wire = set.wire(user, 'probe', at % 2 === 0 ? one : two)
        await wire.open()
        return wire
      }))
      const theirs = wires.filter(({ sessionId }) => sessionId?.startsWith('one-') === true)
      assert.ok(theirs.length > 0)
      const hanging = theirs.map(async (wire) => {
        const through = createLegacyWire(`${two.url}/servers/probe/mcp`, credentialOf(wire))
        through.sessionId = wire.sessionId
        const answer = await through.post({ jsonrpc: '2.0', id: 'hung', method: 'tools/call', params: { name: 'hang' } }, { accept: 'application/json, text/event-stream' }).catch(() => undefined)
        await answer?.ended
        through.close()
        return answer?.status
      })
      await until('they run', async () => {
        const seen = await Promise.all(theirs.map(async (wire) => (JSON.parse(textOf(await wire.call('cancelled'))) as { readonly inFlight: number }).inFlight))
        return seen.every((inFlight) => inFlight === 1)
      })
      one.gateway.kill('SIGKILL')
      await one.gateway.exited
      const killedMs = performance.now()
      for (const [at, { user }] of users.entries()) {
        const wire = wires[at]
        if (wire === undefined || !theirs.includes(wire)) continue
        // A modern call, or a new session, waits no longer than it takes to be sure that the other one is dead.
        assert.ok(textOf(await set.modern(user, 'probe', two).call('get')))
        const lost = createLegacyWire(`${two.url}/servers/probe/mcp`, { ...set.keyOf(user).bearer })
        lost.sessionId = wire.sessionId
        assert.equal((await lost.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
        lost.close()
      }
      assert.ok(performance.now() - killedMs < 30_000)
      for (const status of await Promise.all(hanging)) assert.ok(status === 200 || status === 502 || status === undefined, String(status))

      function credentialOf (wire: LegacyWire): Record<string, string> {
        return { ...set.keyOf(users[wires.indexOf(wire)]?.user ?? '').bearer }
      }
    } finally {
      await set.stop()
    }
  })
})

function pidOf (answer: Parameters<typeof textOf>[0]): number {
  return (JSON.parse(textOf(answer)) as { readonly pid: number }).pid
}
