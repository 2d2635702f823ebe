import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { countingServer } from '../../helpers/counting-server.ts'
import type { LegacyWire } from '../../helpers/legacy-wire.ts'
import { metricOf } from '../../helpers/metrics.ts'
import { startSentinels } from '../../helpers/redis-sets.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'
import { atMost, between, noted } from '../figure.ts'
import type { Figure, Row } from '../figure.ts'
import { common, during, p99, refused, under } from '../replica-figures.ts'
import { withReplicas } from '../replica-scene.ts'
import { echo, opened, paced, pause, tally, withGateway } from '../scene.ts'
import type { Called, Outcome } from '../scene.ts'
import { startUpstream } from '../upstream.ts'

/** FR13. */
export const expiringCredential: Row = {
  id: 'FR13',
  title: 'the gateway\'s own token for a server over HTTP lives 5 s, under 50 callers; another server refuses its token',
  async run ({ isQuick }) {
    const rounds = isQuick ? 2 : 6
    const tokens = await startTokens(5)
    const [upstream, other] = [await startUpstream(), await startUpstream()]
    try {
      const auth = { type: 'clientCredentials', tokenUrl: tokens.url, clientId: 'gateway', clientSecretEnv: 'CHAOS_SECRET', allowPrivateNetwork: true }
      const wrong = { ...auth, clientId: 'nobody' }
      const entry = { ...upstream.entry, isolation: 'shared', auth }
      return await withGateway({ users: 50, entry, env: { CHAOS_SECRET: 'a-client-secret-of-32-characters' }, config: { mcpServers: { server: entry, refused: { ...other.entry, isolation: 'shared', auth: wrong } } } }, async (gateway, names) => {
        const wires = await Promise.all(names.map((name) => opened(gateway, name)))
        const before = tokens.given()
        const calls: Called[] = []
        await Promise.all([
          paced(10, rounds * 5000, async (index) => { calls.push(await echo(wires[index % wires.length] as typeof wires[number], randomUUID())) }),
          paced(200, rounds * 5000, async () => { await gateway.wire(names[0] ?? '', 'refused').open().catch(() => undefined) })
        ])
        return [
          noted('outcomes', JSON.stringify(tally(calls))),
          atMost('other outcomes than ok', 0, calls.filter(({ outcome }) => outcome !== 'ok').length),
          between('tokens fetched, one for each time', rounds - 1, rounds + 1, tokens.given() - before),
          atMost('calls that ran twice', 0, upstream.duplicates())
        ]
      })
    } finally {
      tokens.stop()
      await Promise.all([upstream.stop(), other.stop()])
    }
  }
}

/** A token endpoint that gives one client tokens of so many seconds. */
async function startTokens (livesS: number): Promise<{ readonly url: string, given (): number, stop (): void }> {
  let given = 0
  const server = createServer((request, response) => {
    const [id] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString().split(':')
    request.resume()
    response.setHeader('content-type', 'application/json')
    if (id !== 'gateway') return response.writeHead(401).end(JSON.stringify({ error: 'invalid_client' }))
    given++
    response.end(JSON.stringify({ access_token: randomUUID(), token_type: 'Bearer', expires_in: livesS }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, given: () => given, stop: () => { server.closeAllConnections(); server.close() } }
}

/** FR17. */
export const herd: Row = {
  id: 'FR17',
  title: '1,000 parallel tools/list of two users just after their lists have expired, over two replicas',
  async run () {
    const server = countingServer()
    try {
      return await withReplicas({ userCount: 2, stickiness: 'round-robin', config: { mcpServers: { counts: server.entry() }, limits: roomyLimits, cache: { listTtlMs: 1000 } } }, async ({ set, users }) => {
        const wires = users.map((user) => set.modern(user, 'counts'))
        const list = async (index: number): Promise<boolean> => Array.isArray((await (wires[index % wires.length] as typeof wires[number]).request('tools/list')).result?.['tools'])
        await Promise.all(wires.map(async (_, index) => await list(index)))
        // Longer than they may be shown stale.
        await pause(1100 + 61_000)
        const before = server.asked('tools/list').length
        const answered = await Promise.all(Array.from({ length: 1000 }, async (_, index) => await list(index).catch(() => false)))
        return [
          noted('answered', answered.filter(Boolean).length),
          atMost('not answered', 0, answered.filter((is) => !is).length),
          atMost('times that the server was asked', 4, server.asked('tools/list').length - before)
        ]
      })
    } finally {
      server.remove()
    }
  }
}

/** FR22. */
export const failover: Row = {
  id: 'FR22',
  title: 'the Redis primary is killed and sentinels make its replica the primary, at 300 calls a second over two gateways',
  async run ({ isQuick }) {
    const sentinels = await startSentinels()
    try {
      const primary = await sentinels.primary()
      const nodes = sentinels.sentinels.map(({ host, port }) => `${host}:${port}`)
      return await withReplicas({ redis: primary, config: { mcpServers: {}, limits: roomyLimits, redis: { sentinel: { name: sentinels.name, nodes } } } }, async (scene) => {
        const [calmMs, afterMs] = isQuick ? [3000, 9000] : [10_000, 15_000]
        let backMs = Infinity
        const entries = await under(scene, calmMs + afterMs, async () => {
          await pause(calmMs)
          const startedMs = performance.now()
          await primary.kill()
          const isUp = async (): Promise<boolean> => (await Promise.all(scene.set.replicas.map(async ({ url }) => (await (await fetch(`${url}/health`)).json() as { readonly checks: { readonly redis?: { readonly status: string } } }).checks.redis?.status))).every((status) => status === 'healthy')
          await until('it is seen', async () => !await isUp(), 5000).catch(() => undefined)
          backMs = await until('all have the new primary', isUp, 20_000).then(() => performance.now() - startedMs, () => Infinity)
        })
        const away = during(entries, calmMs, calmMs + afterMs)
        return [...common(scene, entries), atMost('refused', 0, refused(entries)), noted('gateways have the new primary after', backMs, ' ms'), noted('p99 from the kill on', p99(away), ' ms')]
      })
    } finally {
      await sentinels.stop()
    }
  }
}

/** FR42. */
export const idempotencyKeys: Row = {
  id: 'FR42',
  title: 'the same call with the same Idempotency-Key ten times at once, through both replicas',
  async run () {
    return await withReplicas({ userCount: 4, stickiness: 'round-robin', entry: { tools: { idempotencyKeys: true } } }, async ({ set, users, executed }) => {
      const answers = await Promise.all(users.flatMap((user) => Array.from({ length: 10 }, async () => {
        const wire = set.modern(user, 'server')
        const answer = await wire.begin('tools/call', { name: 'echo', arguments: { text: user, nonce: `key-${user}` } }, { headers: { 'idempotency-key': `key-${user}` } })
        await answer.ended
        return answer.status === 200 && answer.body().includes(`"${user}"`)
      })))
      return [noted('answers', answers.length), atMost('answers that are not the result', 0, answers.filter((is) => !is).length), atMost('calls that ran twice', 0, executed([]).dup)]
    })
  }
}

/** FR38. */
export const fullAuditSink: Row = {
  id: 'FR38',
  title: 'audit records go to a device that is full: with whenFull drop calls go on, with block they are refused',
  async run () {
    return [...await underFullSink('drop', 'ok'), ...await underFullSink('block', '50301')]
  }
}

async function underFullSink (whenFull: 'drop' | 'block', expected: Outcome): Promise<Figure[]> {
  return await withGateway({ users: 4, entry: probe(), config: { audit: { sinks: [{ type: 'file', path: '/dev/full' }], whenFull } } }, async (gateway, names) => {
    await until('the sink fails', async () => await metricOf(gateway, 'audit_sink_failing', { sink: 'file' }) === 1)
    // With `block` there is no session to be had.
    const callers = await Promise.all(names.map(async (name) => {
      if (whenFull === 'block') return async () => await calledWithoutSession(gateway.wire(name, 'server'))
      const wire = await opened(gateway, name)
      return async () => await echo(wire, randomUUID())
    }))
    const calls: Called[] = []
    await paced(10, 5000, async (index) => { calls.push(await (callers[index % callers.length] as typeof callers[number])()) })
    const refusals = whenFull === 'block' ? calls.length : 0
    return [
      noted(`${whenFull}: outcomes; records given up`, `${JSON.stringify(tally(calls))}; ${await metricOf(gateway, 'audit_dropped_total', { sink: 'file' })}`),
      atMost(`${whenFull}: other outcomes than ${expected}`, 0, calls.filter(({ outcome }) => outcome !== expected).length),
      between(`${whenFull}: refusals for want of room in the sink`, refusals, refusals, await metricOf(gateway, 'edge_refusals_total', { reason: 'audit' }) ?? NaN)
    ]
  })
}

/** Refusals before a call is admitted have no id, so they are read off the answer as it is. */
async function calledWithoutSession (wire: LegacyWire): Promise<Called> {
  const startedMs = performance.now()
  const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } })
  const isWhole = await answer.ended === 'complete'
  const code = /"error":\{"code":(-?\d+)/.exec(answer.body())?.[1]
  wire.close()
  return { outcome: isWhole && code !== undefined ? `${Number(code)}` : 'lost', ms: performance.now() - startedMs }
}
