/** A thousand calls given up before, while and after they are answered, and twice: no late answer, nothing left behind (FR10). */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, describe, it } from 'node:test'
import { startFixtureUpstreams, type FixtureUpstreams, type Kind } from '../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type JsonRpc } from '../helpers/http-exchange.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricsOf } from '../helpers/metrics.ts'
import { createModernWire } from '../helpers/modern-wire.ts'
import { seeded } from '../helpers/random.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const AT_ONCE = 25
const SEED = 20260728
const KINDS = ['stdio-legacy', 'http-legacy', 'http-modern'] as const satisfies readonly Kind[]
const CALLS: Readonly<Record<typeof KINDS[number], number>> = { 'stdio-legacy': 1000, 'http-legacy': 1000, 'http-modern': 300 }

/** One call of the storm: how long its server takes, and when it is given up, in milliseconds; some are once their answer is here. */
interface Victim { readonly key: string, readonly takesMs: number, readonly cancelMs: number | 'after', readonly twice: boolean }

function victims (name: string, count: number): Victim[] {
  const random = seeded(SEED)
  return Array.from({ length: count }, (_, at) => ({ key: `${name}-${at}`, takesMs: Math.floor(random() * 20), cancelMs: random() < 0.25 ? 'after' : random() * 20, twice: random() < 0.5 }))
}

/** Runs `each` over all, `AT_ONCE` at a time. */
async function all<T> (items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]()
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (const item of waiting) await each(item) }))
}

const slow = ({ key, takesMs }: Victim) => ({ name: 'slow_progress', arguments: { key, steps: 2, everyMs: takesMs } })

describe('a storm of cancellations', () => {
  let upstreams: FixtureUpstreams
  let gateway: TestGateway
  before(async () => {
    upstreams = await startFixtureUpstreams(KINDS)
    gateway = await startGateway({
      config: { mcpServers: Object.fromEntries(KINDS.map((kind) => [kind, upstreams.entry(kind)])), limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway.stop()
    await upstreams.stop()
    assert.deepEqual(gateway.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal'), [], 'nothing went wrong inside')
  })

  async function opened (kind: Kind): Promise<LegacyWire> {
    const wire = gateway.wire('alice', kind)
    await wire.open()
    return wire
  }

  /** The server is usable, has nothing running, and the gateway holds nothing of what was. */
  async function isCalm (kind: Kind, storm: readonly Victim[]): Promise<void> {
    const wire = await opened(kind)
    assert.match(textOf(await wire.call('greet', { name: 'Ada' })), /Ada/)
    await all(storm.filter((_, at) => at % 10 === 0), async ({ key }) => {
      await until(`${key} is over`, async () => {
        const fate = JSON.parse(textOf(await wire.call('was_cancelled', { key }))) as { started: boolean, finished?: boolean, cancelled?: boolean }
        return !fate.started || fate.finished === true || fate.cancelled === true
      })
    })
    await until('nothing is in flight', async () => {
      const [status, metrics] = await Promise.all([send(`${gateway.url}/status`, { headers: gateway.keyOf('alice').bearer }), metricsOf(gateway)])
      const { servers } = JSON.parse(status.body()) as { servers: Array<{ workers: { calls_in_flight: number } }> }
      return servers.every(({ workers }) => workers.calls_in_flight === 0) && metrics('http_requests_in_flight') === 0 && metrics('sse_streams_open') === 0
    })
  }

  for (const kind of KINDS) {
    it(`notifications/cancelled, ${kind}: each call has its own answer or none, and never one afterwards`, async (t) => {
      const wire = await opened(kind)
      const own = await wire.listen()
      const storm = victims('told', CALLS[kind])
      const seen = { answered: 0, dropped: 0 }
      await all(storm, async (victim) => {
        const { key, cancelMs, twice } = victim
        const answer = wire.post({ jsonrpc: '2.0', id: key, method: 'tools/call', params: slow(victim) })
        await (cancelMs === 'after' ? answer : pause(cancelMs))
        const cancel: JsonRpc = { method: 'notifications/cancelled', params: { requestId: key, reason: 'storm' } }
        for (const told of await Promise.all(twice ? [wire.tell(cancel), wire.tell(cancel)] : [wire.tell(cancel)])) assert.equal(told.status, 202)
        const { status, ended, messages } = await answer
        await ended
        const said = messages()
        if (status === 202) assert.deepEqual(said, [])
        else assert.deepEqual(said.map(({ id, result, error }) => [id, result !== undefined, error]), [[key, true, undefined]])
        seen[status === 202 ? 'dropped' : 'answered']++
      })
      t.diagnostic(JSON.stringify(seen))
      assert.ok(seen.dropped > storm.length / 20 && seen.answered > storm.length / 20, 'both happened')
      // Ids may be used again, and nothing of the first use comes.
      const [again] = storm
      assert.equal((await wire.call('greet', { name: 'Ada' }, again?.key)).id, again?.key)
      await own.nextEvent('the stream stands', () => true, 1000).catch(() => undefined)
      assert.deepEqual(own.messages().filter((message) => message.method === undefined), [], 'no late answer on the session\'s own stream')
      own.cut()
      await isCalm(kind, storm)
    })

    it(`disconnect of a modern client, ${kind}: each call has its own answer or none`, async (t) => {
      const wire = createModernWire(`${gateway.url}/servers/${kind}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      const storm = victims('left', CALLS[kind])
      const seen = { answered: 0, left: 0 }
      await all(storm, async (victim) => {
        const { key, cancelMs, twice } = victim
        const gone = new AbortController()
        const begun = wire.begin('tools/call', slow(victim), { id: key, signal: gone.signal, ...(twice && { meta: { progressToken: key } }) }).catch(() => undefined)
        const answer = begun.then(async (response) => {
          gone.signal.addEventListener('abort', () => { response?.cut() })
          await response?.ended
          return response?.messages()
        })
        // Of a stream the headers may be here and nothing else yet.
        await (cancelMs === 'after' ? begun : pause(cancelMs))
        gone.abort()
        const said = await answer
        const replies = said?.filter(({ method }) => method === undefined) ?? []
        assert.ok(replies.every(({ id, result }) => id === key && result !== undefined) && replies.length <= 1, JSON.stringify(said))
        assert.ok(said?.every(({ params, method }) => method === undefined || params?.['progressToken'] === key) ?? true, 'progress is its own')
        seen[replies.length === 1 ? 'answered' : 'left']++
      })
      t.diagnostic(JSON.stringify(seen))
      assert.ok(seen.left > storm.length / 20 && seen.answered > storm.length / 20, 'both happened')
      await isCalm(kind, storm)
    })
  }
})
