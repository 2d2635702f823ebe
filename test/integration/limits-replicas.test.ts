/** Limits of two real gateways on one real Redis: exact together, and what is left of them when something dies (FR20, FR23, FR30, FR36). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { startRedis } from '../helpers/redis.ts'
import { startReplicas, type ReplicaSet, type ReplicaSetOptions, type TestReplica } from '../helpers/replicas.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

/** A dead replica's slots are free after 9 s; a busy machine is given some more. */
const SLOTS_FREE_MS = 20_000
/** Any replica serves it. */
const shared = probe({ isolation: 'shared' })

async function start (t: TestContext, limits: Record<string, unknown>, { redis: given, ...more }: Partial<ReplicaSetOptions> = {}): Promise<ReplicaSet> {
  const redis = given ?? await startRedis()
  // Exact as long as Redis answers in time; a machine that is busy with other tests gets more of it.
  const config = { mcpServers: { probe: shared }, limits: { ...roomyLimits, ...limits }, redis: { url: redis.url, commandTimeoutMs: 20_000 } }
  const set = await startReplicas({ users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }], config, redis, ...more })
  t.after(async () => {
    await set.stop()
    if (given === undefined) await redis.stop()
  })
  // Nobody is believed before it is known which credentials are revoked.
  for (const replica of set.replicas) await until(`${replica.name} serves`, async () => (await call(set, replica, 'bob')).status === 200)
  return set
}

function call (set: ReplicaSet, at: TestReplica, user = 'alice', args: Record<string, unknown> = { text: 'hello' }, tool = 'echo'): Promise<Exchange> {
  return send(`${at.url}/servers/probe/tools`, { method: 'POST', body: { tool_name: tool, arguments: args }, headers: { 'content-type': 'application/json', ...set.keyOf(user).bearer } })
}

const one = (set: ReplicaSet, at: number): TestReplica => set.replicas[at] ?? assert.fail(`there is no replica ${at}`)
const statuses = (answers: readonly Exchange[]): Record<number, number> => {
  const counted: Record<number, number> = {}
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1
  return counted
}

describe('limits of two gateways on one Redis', () => {
  it('400 parallel calls at limit 100: exactly 100 are let in, and no key is without an end (rulings 3, FR25)', async (t) => {
    const set = await start(t, { callsPerMinute: 100 })
    const answers = await Promise.all(Array.from({ length: 400 }, (_, sent) => call(set, one(set, sent % 2))))
    assert.deepEqual(statuses(answers), { 200: 100, 429: 300 })
    const refused = answers.find(({ status }) => status === 429)
    assert.deepEqual([refused?.headers['ratelimit-limit'], refused?.headers['ratelimit-remaining']], ['100', '0'])
    const retryAfter = Number(refused?.headers['retry-after'])
    assert.ok(retryAfter >= 30 && retryAfter <= 61, `${retryAfter} s`)
    assert.equal((await call(set, one(set, 1), 'bob')).status, 200)
    const endless = await set.redis.cli('EVAL', "local n = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) < 0 then n[#n + 1] = key end end return n", '0')
    assert.equal(endless.trim(), '')
  })

  it('slots of a gateway that was killed come back within ten seconds, and a call that waits for one gets it (FR30)', async (t) => {
    const set = await start(t, { concurrentCalls: 2 })
    const held = [0, 1].map(() => call(set, one(set, 0), 'alice', { text: 'long', delayMs: 120_000 }).catch(() => undefined))
    await until('both run', async () => /inFlight\\":2\b/.test((await call(set, one(set, 0), 'bob', {}, 'cancelled')).body()))
    let isServed = false
    const waiting = call(set, one(set, 1)).then((answer) => { isServed = true; return answer })
    await call(set, one(set, 1), 'bob')
    assert.equal(isServed, false)
    const killedMs = performance.now()
    await one(set, 0).kill()
    await Promise.all(held)
    assert.equal((await waiting).status, 200)
    const tookMs = performance.now() - killedMs
    assert.ok(tookMs < SLOTS_FREE_MS, `${tookMs} ms`)
    t.diagnostic(`free after ${(tookMs / 1000).toFixed(1)} s`)
  })

  it('FLUSHALL and SCRIPT FLUSH under load cost no call and no exception (FR23)', async (t) => {
    const set = await start(t, {})
    const answers: Exchange[] = []
    let isOver = false
    const load = Array.from({ length: 16 }, async (_, at) => {
      // eslint-disable-next-line no-unmodified-loop-condition -- it is, below
      while (!isOver) answers.push(await call(set, one(set, at % 2)))
    })
    for (let flushed = 0; flushed < 20; flushed++) {
      const before = answers.length
      await set.redis.cli(...flushed % 2 === 0 ? ['FLUSHALL'] as const : ['SCRIPT', 'FLUSH'] as const)
      await until('calls go on', () => answers.length > before + 10)
    }
    isOver = true
    await Promise.all(load)
    assert.deepEqual(statuses(answers), { 200: answers.length })
    for (const { gateway } of set.replicas) assert.deepEqual(gateway.logs().filter(({ event, level }) => event === 'internal_fault' || level === 'error'), [])
  })

  it('a gateway whose clock is an hour off counts like the other: windows run on the time of Redis (FR36)', async (t) => {
    const set = await start(t, { callsPerMinute: 20 }, { count: 1 })
    const preload = 'data:text/javascript,{const%20now=Date.now;Date.now=()=>now()+36e5}'
    const off = await start(t, { callsPerMinute: 20 }, { count: 1, redis: set.redis, env: { NODE_OPTIONS: `--import=${preload}` } })
    const [ahead] = off.replicas
    assert.ok(ahead)
    const times = [ahead, one(set, 0)].map(({ gateway }) => Number(gateway.logs()[0]?.['time']))
    assert.ok(Math.abs((times[0] ?? 0) - (times[1] ?? 0) - 3_600_000) < 300_000, 'its clock is an hour off')
    const answers = await Promise.all(Array.from({ length: 60 }, (_, sent) => sent % 2 === 0 ? call(off, ahead) : call(set, one(set, 0))))
    assert.deepEqual(statuses(answers), { 200: 20, 429: 40 })
  })
})
