import { randomUUID } from 'node:crypto'
import type { LegacyWire } from '../../helpers/legacy-wire.ts'
import { until } from '../../helpers/until.ts'
import { atMost, between, noted, percentile } from '../figure.ts'
import type { Figure, Row } from '../figure.ts'
import { echo, opened, paced, pause, tally, withGateway } from '../scene.ts'
import type { Called } from '../scene.ts'
import { startUpstream } from '../upstream.ts'
import type { ChaosUpstream, Mode } from '../upstream.ts'

/** What a call may cost a caller while its server is silent. */
const DEADLINE_MS = 3000

interface Scene { readonly upstream: ChaosUpstream, readonly wires: readonly LegacyWire[] }

/** A gateway before one such server, with so many users, each with a session. */
async function withUpstream (users: number, entry: Readonly<Record<string, unknown>>, act: (scene: Scene) => Promise<Figure[]>, slowMs?: number): Promise<Figure[]> {
  const upstream = await startUpstream(slowMs)
  try {
    return await withGateway({ users, entry: { ...upstream.entry, timeoutMs: DEADLINE_MS, maxTimeoutMs: DEADLINE_MS, ...entry } }, async (gateway, names) => {
      return await act({ upstream, wires: await Promise.all(names.map((name) => opened(gateway, name))) })
    })
  } finally {
    await upstream.stop()
  }
}

const call = (wire: LegacyWire): Promise<Called> => {
  const nonce = randomUUID()
  return echo(wire, nonce, { nonce }, DEADLINE_MS + 2000)
}

const lost = (calls: readonly Called[]): number => calls.filter(({ outcome }) => outcome === 'lost' || outcome === 'mix').length

/** FR11. */
export const badUpstream: Row = {
  id: 'FR11',
  title: 'a server over HTTP answers 503, resets, is silent, resets in the middle of an answer: 50 calls a second each',
  async run ({ isQuick }) {
    return await withUpstream(10, {}, async ({ upstream, wires }) => {
      const base = (await upstream.stats()).connections
      const figures: Figure[] = []
      for (const mode of ['503', 'reset', 'silent', 'reset-mid'] satisfies Mode[]) {
        const calls: Called[] = []
        await upstream.mode(mode)
        await paced(20, isQuick ? 2500 : 10_000, async (index) => { calls.push(await call(wires[index % wires.length] as LegacyWire)) })
        await upstream.mode('ok')
        const startedMs = performance.now()
        await until('it serves again', async () => (await call(wires[0] as LegacyWire)).outcome === 'ok', 90_000)
        figures.push(noted(`${mode}: outcomes`, JSON.stringify(tally(calls))), atMost(`${mode}: lost`, 0, lost(calls)), atMost(`${mode}: slowest answer`, DEADLINE_MS + 1000, Math.max(...calls.map(({ ms }) => ms)), ' ms'), noted(`${mode}: serves again after`, performance.now() - startedMs, ' ms'))
      }
      const backMs = await timeUntil('the connections of before', async () => (await upstream.stats()).connections <= base + wires.length + 1)
      return [...figures, atMost('calls that ran twice', 0, upstream.duplicates()), atMost('connections back to what they were', 30_000, backMs, ' ms')]
    })
  }
}

async function timeUntil (what: string, condition: () => Promise<boolean>): Promise<number> {
  const startedMs = performance.now()
  return await until(what, condition, 40_000).then(() => performance.now() - startedMs, () => Infinity)
}

/** FR12. */
export const forgottenSessions: Row = {
  id: 'FR12',
  title: 'a server over HTTP forgets its sessions every 3 s, under 20 callers of one connection',
  async run ({ isQuick }) {
    return await withUpstream(20, { isolation: 'shared' }, async ({ upstream, wires }) => {
      const rounds = isQuick ? 3 : 10
      const [calm, calls]: [Called[], Called[]] = [[], []]
      await paced(10, 2000, async (index) => { calm.push(await call(wires[index % wires.length] as LegacyWire)) })
      const before = (await upstream.stats()).opened
      const load = paced(10, rounds * 3000, async (index) => { calls.push(await call(wires[index % wires.length] as LegacyWire)) })
      for (let round = 0; round < rounds; round++) {
        await pause(round === 0 ? 1500 : 3000)
        await upstream.mode('forget')
        await upstream.mode('ok')
      }
      await load
      const [base, p99] = [calm, calls].map((some) => percentile(some.map(({ ms }) => ms), 0.99)) as [number, number]
      return [
        noted('outcomes', JSON.stringify(tally(calls))),
        atMost('other outcomes than ok', 0, calls.filter(({ outcome }) => outcome !== 'ok').length),
        atMost('calls that ran twice', 0, upstream.duplicates()),
        between('handshakes, one for each time', rounds, rounds, (await upstream.stats()).opened - before),
        atMost('p99 more than before', 100, p99 - base, ' ms')
      ]
    })
  }
}

/** FR14. */
export const downUpstream: Row = {
  id: 'FR14',
  title: 'a server over HTTP is down for a while at 200 calls a second, then up again',
  async run ({ isQuick }) {
    return await withUpstream(20, { isolation: 'shared' }, async ({ upstream, wires }) => {
      const downMs = isQuick ? 8000 : 20_000
      const calls: Array<Called & { readonly atMs: number }> = []
      const startedMs = performance.now()
      await upstream.mode('503')
      const hitsBefore = hits(await upstream.stats())
      const load = paced(5, downMs + 15_000, async (index) => {
        const atMs = performance.now() - startedMs
        calls.push({ ...await call(wires[index % wires.length] as LegacyWire), atMs })
      })
      await pause(3000)
      const whenOpen = hits(await upstream.stats())
      await pause(downMs - 3000)
      const whenUp = hits(await upstream.stats())
      await upstream.mode('ok')
      await load
      const refused = calls.filter(({ atMs }) => atMs > 3000 && atMs < downMs)
      const firstOk = calls.filter(({ atMs, outcome }) => atMs > downMs && outcome === 'ok').map(({ atMs }) => atMs - downMs).sort((a, b) => a - b)[0] ?? Infinity
      return [
        noted('outcomes', JSON.stringify(tally(calls))),
        noted('requests that reached it until the breaker was open', whenOpen - hitsBefore),
        atMost(`requests that reached it in the ${(downMs - 3000) / 1000} s after that`, isQuick ? 6 : 12, whenUp - whenOpen),
        atMost('answer p99 while open', 10, percentile(refused.map(({ ms }) => ms), 0.99), ' ms'),
        // It is open for 5, 10, then 20 s, and a second more may pass.
        atMost('serves again after', isQuick ? 11_000 : 21_000, firstOk, ' ms'),
        atMost('lost', 0, lost(calls)),
        atMost('calls that ran twice', 0, upstream.duplicates())
      ]
    })
  }
}

function hits ({ seen }: { readonly seen: Readonly<Record<string, number>> }): number {
  return Object.values(seen).reduce((sum, count) => sum + count, 0)
}

/** FR15. */
export const slowUpstream: Row = {
  id: 'FR15',
  title: 'a server over HTTP takes 2 s for a call and may have 50 at once, at 200 calls a second; another is called beside it',
  async run ({ isQuick }) {
    const forMs = isQuick ? 8000 : 20_000
    const [slow, other] = [await startUpstream(2000), await startUpstream()]
    try {
      return await withGateway({ users: 20, entry: { ...slow.entry, concurrentCalls: 50, timeoutMs: 10_000 }, config: { mcpServers: { server: { ...slow.entry, concurrentCalls: 50, timeoutMs: 10_000, isolation: 'shared' }, other: { ...other.entry, isolation: 'shared' } } } }, async (gateway, names) => {
        const wires = await Promise.all(names.map((name) => opened(gateway, name)))
        const neighbour = gateway.wire(names[0] ?? '', 'other')
        await neighbour.open()
        const base: Called[] = []
        await paced(50, 2000, async () => { base.push(await call(neighbour)) })
        const [calls, beside]: [Called[], Called[]] = [[], []]
        const startedMs = performance.now()
        const answeredMs: number[] = []
        await Promise.all([
          paced(5, forMs, async (index) => {
            const called = await slowly(wires[index % wires.length] as LegacyWire)
            calls.push(called)
            if (called.outcome === 'ok') answeredMs.push(performance.now() - startedMs)
          }),
          paced(50, forMs, async () => { beside.push(await call(neighbour)) })
        ])
        // The first answers come after 2 s, the last calls are sent at forMs.
        const goodput = answeredMs.filter((atMs) => atMs >= 2000 && atMs <= forMs).length / ((forMs - 2000) / 1000)
        return [
          noted('outcomes', JSON.stringify(tally(calls))),
          between('answers a second of 25 that are possible', 23.75, 26, goodput),
          atMost('lost', 0, lost(calls)),
          atMost('errors of the other server', 0, beside.filter(({ outcome }) => outcome !== 'ok').length),
          noted('p99 of the other server, before', percentile(base.map(({ ms }) => ms), 0.99), ' ms'),
          noted('p99 of the other server, meanwhile', percentile(beside.map(({ ms }) => ms), 0.99), ' ms')
        ]
      })
    } finally {
      await Promise.all([slow.stop(), other.stop()])
    }
  }
}

async function slowly (wire: LegacyWire): Promise<Called> {
  const startedMs = performance.now()
  const message = await wire.call('slow', { text: 'x' }).catch(() => undefined)
  const ms = performance.now() - startedMs
  if (message === undefined) return { outcome: 'lost', ms }
  return { outcome: message.error === undefined ? 'ok' : `${message.error.code}`, ms }
}

/** FR16. */
export const endlessUpstream: Row = {
  id: 'FR16',
  title: 'a server over HTTP answers with a stream that never ends: an event a second, or a byte a second',
  async run () {
    const figures: Figure[] = []
    for (const mode of ['endless', 'drip'] satisfies Mode[]) {
      figures.push(...await withUpstream(1, { timeoutMs: 5000, maxTimeoutMs: 5000 }, async ({ upstream, wires: [wire] }) => {
        await upstream.mode(mode)
        const { outcome, ms } = await echo(wire as LegacyWire, 'x', {}, 20_000)
        await upstream.mode('ok')
        const after = await echo(wire as LegacyWire, 'y')
        return [between(`${mode}: cut after`, 4000, 6000, ms, ' ms'), { what: `${mode}: its answer`, wanted: '50401', measured: outcome, ok: outcome === '50401' }, { what: `${mode}: the next call`, wanted: 'ok', measured: after.outcome, ok: after.outcome === 'ok' }]
      }))
    }
    return figures
  }
}
