import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { PolicyHookSettings } from '../../../src/shared/settings/policy-hook.ts'
import { createDecisionPoint } from '../../../src/tenancy/index.ts'
import type { DecisionPoint } from '../../../src/tenancy/index.ts'
import { name, principal } from './entries.ts'

interface Asked { readonly body: Record<string, unknown>, readonly headers: IncomingHttpHeaders }

interface Bench {
  readonly point: DecisionPoint
  readonly asked: Asked[]
  /** Outcomes as they were told, with the reason behind a colon. */
  readonly told: string[]
  readonly clock: { nowMs: number }
}

const question = { principal: principal('acme', ['tools:call'], ['reader']), requestId: 'r1', server: name('fs'), kind: 'tool', method: 'tools/call', name: 'write', argumentsSha256: 'ab', argumentsJson: undefined } as const

async function bench (t: TestContext, answer: (response: ServerResponse, asked: Asked) => void, own: Partial<PolicyHookSettings> = {}): Promise<Bench> {
  const asked: Asked[] = []
  const told: string[] = []
  const clock = { nowMs: 0 }
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
      const one = { body: JSON.parse(text) as Record<string, unknown>, headers: request.headers }
      asked.push(one)
      answer(response, one)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/decide`
  const point = createDecisionPoint(
    { url, headers: { Authorization: 'Bearer own' }, timeoutMs: 5_000, maxConcurrent: 2, whenAway: 'deny', sendArguments: false, allowPrivateNetwork: true, ...own },
    { nowMs: () => clock.nowMs, events: { decided: (outcome, _durationMs, reason) => told.push(reason === undefined ? outcome : `${outcome}: ${reason}`) } }
  )
  t.after(() => {
    point.close()
    server.closeAllConnections()
    server.close()
  })
  return { point, asked, told, clock }
}

const json = (body: string, status = 200) => (response: ServerResponse): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(body) }

test('is told who wants what, and nothing of a credential but its id', async (t) => {
  const { point, asked, told } = await bench(t, json('{"allow":true}'))
  assert.deepEqual(await point.ask(question), { kind: 'allowed' })
  assert.deepEqual(asked[0]?.body, { version: 1, request_id: 'r1', tenant: 'acme', user: 'alice', issuer: 'apikey', client_id: 'k1', credential_id: 'k1', roles: ['reader'], scopes: ['tools:call'], server: 'fs', kind: 'tool', method: 'tools/call', name: 'write', arguments_sha256: 'ab' })
  assert.equal(asked[0]?.headers.authorization, 'Bearer own')
  assert.deepEqual(told, ['allowed'])
})

test('the arguments themselves only where the operator wants that', async (t) => {
  const { point, asked } = await bench(t, json('{"allow":true}'), { sendArguments: true })
  assert.equal(point.wantsArguments, true)
  await point.ask({ ...question, argumentsJson: '{"path":"/x"}' })
  assert.deepEqual(asked[0]?.body['arguments'], { path: '/x' })
})

test('a no comes with its message, cut to 500 characters', async (t) => {
  const { point } = await bench(t, json(JSON.stringify({ allow: false, message: 'x'.repeat(600) })))
  assert.deepEqual(await point.ask(question), { kind: 'denied', message: 'x'.repeat(500) })
})

test('whatever is no decision is away, and that is a no unless the operator says otherwise', async (t) => {
  const wrong: ReadonlyArray<readonly [(response: ServerResponse) => void, RegExp]> = [
    [json('{"allow":"true"}'), /no "allow"/], [json('[]'), /no "allow"/], [json('null'), /no "allow"/], [json('{'), /not JSON/], [json('{"allow":true}', 201), /status 201/],
    [json('{"allow":true}', 500), /status 500/], [(response) => { response.writeHead(302, { location: '/elsewhere' }).end() }, /status 302/],
    [(response) => { response.destroy() }, /./], [json(`{"allow":true,"x":"${'x'.repeat(70_000)}"}`), /larger than 65536/]
  ]
  for (const [answer, reason] of wrong) {
    const { point, told } = await bench(t, answer)
    assert.deepEqual(await point.ask(question), { kind: 'away' })
    assert.match(told[0] ?? '', reason)
  }
  const open = await bench(t, json('{}'), { whenAway: 'allow' })
  assert.deepEqual(await open.point.ask(question), { kind: 'allowed' })
  assert.match(open.told[0] ?? '', /^away/)
})

test('no answer in time is away', async (t) => {
  const { point, told } = await bench(t, () => undefined, { timeoutMs: 50 })
  assert.deepEqual(await point.ask(question), { kind: 'away' })
  assert.match(told[0] ?? '', /no answer within 50 ms/)
})

test('after five questions without an answer it is left alone for a second, then one question finds out', async (t) => {
  let isUp = false
  const { point, asked, clock } = await bench(t, (response) => json(isUp ? '{"allow":true}' : '{}')(response))
  for (let at = 0; at < 8; at++) await point.ask(question)
  assert.equal(asked.length, 5)
  clock.nowMs = 1_500
  assert.deepEqual((await Promise.all([point.ask(question), point.ask(question)])).map(({ kind }) => kind), ['away', 'away'])
  assert.equal(asked.length, 6)
  isUp = true
  clock.nowMs = 3_000
  assert.deepEqual(await point.ask(question), { kind: 'allowed' })
  assert.deepEqual(await point.ask(question), { kind: 'allowed' })
})

test('so many questions at a time and no more; too many waiting are away at once', async (t) => {
  const held: ServerResponse[] = []
  const { point, asked, told } = await bench(t, (response) => { held.push(response) })
  const all = Array.from({ length: 40 }, () => point.ask(question))
  const first = await Promise.race(all)
  assert.deepEqual(first, { kind: 'away' })
  assert.match(told[0] ?? '', /too many questions/)
  assert.ok(asked.length <= 2)
  point.close()
  assert.ok((await Promise.all(all)).every(({ kind }) => kind === 'away'))
})

test('an address inside the network is not asked without the switch (T47)', () => {
  assert.throws(() => createDecisionPoint({ url: 'http://127.0.0.1:1/x', headers: {}, timeoutMs: 50, maxConcurrent: 1, whenAway: 'deny', sendArguments: false, allowPrivateNetwork: false }, { nowMs: () => 0, events: { decided: () => undefined } }))
})
