/** What becomes of sessions and streams when a token expires, and of requests when its issuer cannot be reached (T08, T10). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, type GatewayConfig, type TestGateway } from '../helpers/gateway.ts'
import { exchange, send, type Exchange } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, createLegacyWire, responseOf, textOf } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { AUDIENCE, forge, ISSUER, jwksServer, sign, signingKey, SECRET } from '../unit/auth/fixtures.ts'

/** How long past `exp` a token is still taken, for clocks that differ. */
const SKEW_S = 60

const key = await signingKey('one')

const nowS = (): number => Math.floor(Date.now() / 1000)

/** A token of the issuer with the shared secret whose last second, skew included, is `seconds` from now. */
function tokenFor (seconds: number): string {
  return forge({ alg: 'HS256', typ: 'at+jwt' }, { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: nowS() - 100, exp: nowS() + seconds - SKEW_S })
}

function withIssuer (issuer: Record<string, unknown>): GatewayConfig {
  return { mcpServers: { probe: probe() }, auth: { jwt: [{ issuer: ISSUER, audience: AUDIENCE, tenant: 'acme', ...issuer }] }, limits: roomyLimits }
}

describe('a token that expires', () => {
  it('ends the streams it opened, and opens nothing any more, whatever session is named (T10)', async (t) => {
    const gateway = await startGateway({ users: [], env: { JWT_SECRET: SECRET }, config: withIssuer({ secretEnv: 'JWT_SECRET', algorithms: ['HS256'] }) })
    t.after(() => gateway.stop())
    const url = `${gateway.url}/servers/probe/mcp`
    const lasting = createLegacyWire(url, { authorization: `Bearer ${tokenFor(300)}` })
    t.after(() => { lasting.close() })
    // Starts the worker, which may take longer than the other token lasts.
    await lasting.open()
    const bearer = { authorization: `Bearer ${tokenFor(5)}` }
    const wire = createLegacyWire(url, bearer)
    t.after(() => { wire.close() })
    await wire.open()
    const [mine, other, sse] = await Promise.all([wire.listen(), lasting.listen(), exchange(`${gateway.url}/servers/probe/sse`, { headers: { ...bearer, accept: 'text/event-stream' } })])
    assert.deepEqual([mine.status, other.status, sse.status], [200, 200, 200])
    // Longer than the token, and begun while it held.
    const call = wire.post({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'echo', arguments: { text: 'finished', delayMs: 6000 } } })
    let isOtherOver = false
    void other.ended.then(() => { isOtherOver = true })

    assert.equal(await mine.ended, 'complete')
    assert.equal(await sse.ended, 'complete')
    const late = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    await late.ended
    assert.equal(late.status, 401)
    assert.match(String(late.headers['www-authenticate']), /error="invalid_token"/)
    assert.equal((await wire.listen()).status, 401)
    assert.equal(textOf(await responseOf(await call, 'long')), 'finished', 'what was admitted is answered')
    assert.equal(isOtherOver, false)
    assert.ok((await lasting.request('tools/list')).result, 'another token goes on')
    other.cut()
  })
})

describe('an issuer that cannot be reached', () => {
  const token = (): Promise<string> => sign(key, { exp: nowS() + 300, iat: nowS() })
  const initialize = async (gateway: TestGateway): Promise<Exchange> => send(`${gateway.url}/servers/probe/mcp`, {
    body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } },
    headers: { accept: ACCEPT_BOTH, authorization: `Bearer ${await token()}` }
  })
  const healthOf = async (gateway: TestGateway): Promise<{ status: string, checks: Record<string, { status: string, detail?: string }> }> => {
    return JSON.parse((await send(`${gateway.url}/health`)).body()) as { status: string, checks: Record<string, { status: string, detail?: string }> }
  }

  it('at the start: 503 and not ready, told in log, metrics and health without a name; well again by itself when it answers (T08)', async (t) => {
    await using idp = await jwksServer(key)
    idp.status = 500
    const jwksUri = `${idp.url}?hint=query-canary`
    const gateway = await startGateway({ users: [], config: withIssuer({ jwksUri, algorithms: ['RS256'] }) })
    t.after(() => gateway.stop())

    const refused = await initialize(gateway)
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers['retry-after']) >= 1)
    assert.equal((await send(`${gateway.url}/ready`)).status, 503)
    const ill = await healthOf(gateway)
    assert.equal(ill.status, 'unhealthy')
    assert.deepEqual(ill.checks['key_sets'], { status: 'degraded', detail: 'of 1: 0 stale, 1 without keys' })
    assert.doesNotMatch(JSON.stringify(ill), /idp|acme|127\.0\.0\.1/)
    const warning = await until('a warning', () => gateway.logs().find((line) => line['event'] === 'jwks_fetched'))
    assert.deepEqual([warning['level'], warning['outcome'], warning['issuer']], ['warn', 'failed', ISSUER])
    const metrics = async (): Promise<string> => (await send(`${gateway.managementUrl}/metrics`)).body()
    assert.match(await metrics(), /^drawbridge_jwks_fetch_total\{outcome="failed"\} [1-9]/m)
    assert.match(await metrics(), new RegExp(`^drawbridge_jwks_usable\\{issuer="${ISSUER}"\\} 0$`, 'm'))
    assert.equal(gateway.workers().length, 0)

    idp.status = 200
    await until('readiness', async () => (await send(`${gateway.url}/ready`)).status === 200, 20_000)
    assert.equal((await initialize(gateway)).status, 200)
    assert.deepEqual((await healthOf(gateway)).checks['key_sets'], { status: 'healthy', detail: '1 fresh' })
    assert.match(await metrics(), new RegExp(`^drawbridge_jwks_usable\\{issuer="${ISSUER}"\\} 1$`, 'm'))
    await until('the end of it in the log', () => gateway.logs().some((line) => line['event'] === 'jwks_fetched' && line['outcome'] === 'ok'))
    assert.ok(!gateway.output().includes('query-canary'))
  })
})
