/**
 * What goes from one replica to another: the identity that was verified, signed, and no credential; what does not come from a
 * replica is answered by nobody, and what no replica answers is passed on to nobody (T01, T04, T14, T57).
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { createRedisStore, createReplicaStore, createSignedValues, keysFor } from '../../src/redis/index.ts'
import { createHopSigner, createReplicas, type HopSigner, type ReceivedHop, type Replicas } from '../../src/replicas/index.ts'
import { systemClock } from '../../src/shared/clock.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { exchange, type Exchange } from '../helpers/http-exchange.ts'
import { metricOf } from '../helpers/metrics.ts'
import { startRedis, type TestRedis } from '../helpers/redis.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const SECRET = randomBytes(32).toString('hex')
const HOP = 'x-drawbridge-hop'

describe('between replicas', () => {
  let redis: TestRedis
  let gateway: TestGateway
  /** The other replica: this test. */
  let replicas: Replicas
  let signer: HopSigner
  let server: Server
  let store: ReturnType<typeof createRedisStore>
  const arrived: Array<{ readonly headers: IncomingHttpHeaders, readonly hop: ReceivedHop, readonly body: string }> = []
  let respond: (answer: ServerResponse, proof: string) => void = () => {}

  before(async () => {
    redis = await startRedis()
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }],
      config: { mcpServers: { probe: probe() }, limits: roomyLimits, redis: { url: redis.url, commandTimeoutMs: 1000 }, replica: { listen: { host: '127.0.0.1', port: 0 } } },
      env: { DRAWBRIDGE_REPLICA: 'real', DRAWBRIDGE_SECRET: SECRET }
    })
    const ignore = (): void => {}
    store = createRedisStore({ at: { kind: 'single', host: redis.host, port: redis.port }, db: 0, keyPrefix: 'db:', commandTimeoutMs: 1000, whenAway: 'local' }, { clock: systemClock, events: { ended: ignore, failed: ignore, state: ignore, thrown: ignore } })
    await until('Redis answers', () => store.state === 'up')
    const instance = randomBytes(9).toString('base64url')
    signer = createHopSigner({ secret: SECRET, self: instance, wallMs: () => replicas.sharedWallMs() })
    replicas = createReplicas({
      self: { name: 'played', instance },
      store: createReplicaStore({ store, keys: keysFor('db:'), signed: createSignedValues(SECRET, ignore) }),
      clock: systemClock,
      ask: async () => ({ owns: false, reachesStore: true }),
      isInUse: () => true,
      events: { claimed: ignore, fenced: ignore, joined: ignore, left: ignore, beatFailed: ignore }
    })
    server = createServer((request, answer) => { play(request, answer).catch((error: unknown) => { answer.destroy(error as Error) }) })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await replicas.begin(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await until('the gateway knows the other one', () => gateway.logs().some(({ event, replica }) => event === 'replica_joined' && replica === 'played'))
    assert.deepEqual(await replicas.homeOf('["acme","alice"]'), { at: 'here' })
  })
  after(async () => {
    await replicas.close()
    await store.close()
    server.closeAllConnections()
    server.close()
    await gateway.stop()
    await redis.stop()
  })

  async function play (request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const hop = signer.read(request.headers[HOP], { method: request.method ?? '', path: request.url ?? '' })
    if (hop === undefined || 'isLate' in hop) {
      answer.writeHead(404).end()
      return
    }
    if (hop.principal === undefined) {
      answer.writeHead(200, { [HOP]: hop.proof }).end(JSON.stringify({ owns: hop.ownerKey === '["acme","alice"]', reachesStore: true }))
      return
    }
    arrived.push({ headers: request.headers, hop, body: await text(request) })
    respond(answer, hop.proof)
  }

  const origin = (): string => String(gateway.logs().find(({ event }) => event === 'replica_listening')?.['origin'])
  const realInstance = (): string => String(gateway.logs().find(({ event }) => event === 'replica_listening')?.['instance'])
  const ask = async (headers: Record<string, string> = {}): Promise<Exchange> => {
    const answer = await exchange(`${gateway.url}/servers/probe/tools`, { body: { tool_name: 'echo', arguments: { text: 'x' } }, headers: { ...gateway.keyOf('alice').bearer, ...headers } })
    await answer.ended
    return answer
  }

  it('go the caller as verified, the body and the headers, but no credential', async () => {
    respond = (answer, proof) => { answer.writeHead(201, { [HOP]: proof, 'content-type': 'text/plain', 'x-kept': 'yes' }).end('from the other one') }
    const answer = await ask({ cookie: 'session=secret', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x-drawbridge-client-address': '198.51.100.1' })
    assert.deepEqual([answer.status, answer.body(), answer.headers['x-kept'], answer.headers[HOP]], [201, 'from the other one', 'yes', undefined])
    const [seen] = arrived.splice(0)
    assert.ok(seen !== undefined)
    for (const name of ['authorization', 'x-api-key', 'cookie', 'x-drawbridge-client-address']) assert.equal(seen.headers[name], undefined)
    assert.doesNotMatch(JSON.stringify(seen.headers) + Buffer.from(String(seen.headers[HOP]).split('.')[0] ?? '', 'base64url').toString(), new RegExp(gateway.keyOf('alice').text.slice(-20)))
    assert.equal(seen.headers['traceparent'], '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
    assert.deepEqual([seen.hop.principal?.tenant, seen.hop.principal?.user, seen.hop.ownerKey, seen.hop.clientAddress], ['acme', 'alice', '["acme","alice"]', '127.0.0.1'])
    assert.deepEqual(JSON.parse(seen.body), { tool_name: 'echo', arguments: { text: 'x' } })
  })

  it('comes no answer that no replica gave', async () => {
    for (const wrong of [undefined, 'x'.repeat(43)]) {
      respond = (answer) => { answer.writeHead(200, wrong === undefined ? {} : { [HOP]: wrong }).end('from somebody else') }
      const answer = await ask()
      assert.equal(answer.status, 502)
      assert.doesNotMatch(answer.body(), /somebody/)
    }
    arrived.splice(0)
  })

  it('is tried once more by who is told that it is not the owner, and not a third time', async () => {
    respond = (answer, proof) => { answer.writeHead(421, { [HOP]: proof, 'x-drawbridge-hop-not-done': '1' }).end() }
    const answer = await ask()
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'])
    const bodies = arrived.splice(0).map(({ body }) => body)
    assert.equal(bodies.length, 2)
    assert.equal(bodies[0], bodies[1])
  })

  it('is served here what the other one gives up meanwhile, with the body that was sent there', async () => {
    const key = '["acme","bob"]'
    assert.deepEqual(await replicas.homeOf(key), { at: 'here' })
    respond = (answer, proof) => {
      replicas.release(key)
      const free = until('it is free', async () => (await redis.cli('KEYS', 'db:*:owner:*bob*')) === '')
      free.then(() => { answer.writeHead(421, { [HOP]: proof, 'x-drawbridge-hop-not-done': '1' }).end() }, () => { answer.destroy() })
    }
    const answer = await exchange(`${gateway.url}/servers/probe/tools`, { body: { tool_name: 'echo', arguments: { text: 'kept on the way' } }, headers: gateway.keyOf('bob').bearer, signal: AbortSignal.timeout(10_000) })
    await answer.ended
    assert.equal(answer.status, 200)
    assert.match(answer.body(), /kept on the way/)
    arrived.splice(0)
  })

  it('is nothing to be had for who is no replica: the same 404 for everything', async () => {
    const target = { to: realInstance(), method: 'GET', path: '/status' }
    const principal = { ...(await spied() as object), user: 'bob' } as never
    const good = createHopSigner({ secret: SECRET, self: 'x'.repeat(12), wallMs: () => replicas.sharedWallMs() })
    const claims = { principal, requestId: 'r', clientAddress: '::1' }
    const used = good.sign(claims, target).text
    assert.equal((await statusAt('/status', { [HOP]: used })).status, 200)
    const tries: Array<[string, Record<string, string>]> = [
      ['/status', {}], ['/', {}], ['/metrics', {}], ['/live', {}], ['/status', { ...gateway.keyOf('alice').bearer }], ['/status', { [HOP]: 'x.y.z' }],
      ['/status', { [HOP]: used }],
      ['/servers/probe/mcp', { [HOP]: good.sign(claims, target).text }],
      ['/status', { [HOP]: good.sign(claims, { ...target, to: replicas.self.instance }).text }],
      ['/status', { [HOP]: createHopSigner({ secret: `${SECRET}x`, self: 'x'.repeat(12), wallMs: () => replicas.sharedWallMs() }).sign(claims, target).text }]
    ]
    const answers = await Promise.all(tries.map(async ([path, headers]) => {
      const { status, headers: { date: _date, ...others }, body } = await statusAt(path, headers)
      return JSON.stringify([status, others, body])
    }))
    assert.equal(new Set(answers).size, 1, answers.join('\n'))
    assert.match(answers[0] ?? '', /^\[404,/)
    assert.equal(await metricOf(gateway, 'replica_hops_refused_total'), tries.length)
  })

  it('counts nothing that a client of the public listener writes in such a header', async () => {
    const text = createHopSigner({ secret: SECRET, self: 'y'.repeat(12), wallMs: () => replicas.sharedWallMs() }).sign({ principal: await spied() as never, requestId: 'r', clientAddress: '::1' }, { to: realInstance(), method: 'GET', path: '/status' }).text
    const answer = await exchange(`${gateway.url}/status`, { headers: { [HOP]: text } })
    await answer.ended
    assert.equal(answer.status, 401)
  })

  /** A principal, as the gateway would hand it over. */
  async function spied (): Promise<unknown> {
    respond = (answer, proof) => { answer.writeHead(200, { [HOP]: proof }).end() }
    await ask()
    return arrived.splice(0)[0]?.hop.principal
  }

  async function statusAt (path: string, headers: Record<string, string>): Promise<{ readonly status: number, readonly headers: IncomingHttpHeaders, readonly body: string }> {
    const answer = await exchange(origin() + path, { headers: { ...headers, host: new URL(gateway.url).host } })
    await answer.ended
    return { status: answer.status, headers: answer.headers, body: answer.body() }
  }

  it('goes over connections that are kept, and to one that drains over one of its own: that ends under no request', async () => {
    respond = (answer, proof) => { answer.writeHead(200, { [HOP]: proof }).end('done') }
    assert.equal((await ask()).body(), 'done')
    assert.equal(arrived.splice(0)[0]?.headers.connection, 'keep-alive')
    await replicas.drain()
    await until('the gateway knows that it drains', async () => {
      assert.equal((await ask()).body(), 'done')
      return arrived.splice(0)[0]?.headers.connection === 'close'
    })
  })
})
