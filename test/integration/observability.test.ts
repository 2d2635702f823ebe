/** Health, status, metrics, log and audit, as operators see them (R40, T58, T59). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { probe, roomyLimits, unruly } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const CANARY = 'CANARY-9f3b'

describe('observability', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'carol' }],
      env: { DRAWBRIDGE_MANAGEMENT_TOKEN: 'management-token-of-this-test-0123456789' },
      config: {
        mcpServers: { probe: probe({ env: { SERVER_SECRET: `${CANARY}-env` } }), broken: unruly({ env: { UNRULY_START: 'exit' } }), hidden: probe() },
        tenants: { acme: { servers: ['probe', 'broken'] }, globex: { servers: ['probe'] } },
        limits: roomyLimits
      }
    })
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    await wire.call('echo', { text: `${CANARY}-argument` })
    await wire.call('echo\u001b[31m\nFORGED {"level":"info"}', {})
    await wire.call('fail')
    await gateway.wire('alice', 'broken').open().then(() => undefined, () => undefined)
  })
  after(() => gateway.stop())

  const get = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await send(url, { headers })
    return { status: answer.status, headers: answer.headers, body: answer.body(), json: (): Record<string, unknown> => JSON.parse(answer.body()) as Record<string, unknown> }
  }

  it('/live, /ready, /health/ready: 200 for anyone', async () => {
    for (const path of ['/live', '/ready', '/health/ready']) assert.equal((await get(gateway.url + path)).status, 200, path)
  })

  it('/health: status, version, timestamp, checks, and no tenant data', async () => {
    const answer = await get(`${gateway.url}/health`)
    assert.equal(answer.status, 200)
    const health = answer.json()
    assert.ok(['healthy', 'degraded'].includes(String(health['status'])))
    assert.match(String(health['version']), /^\d+\.\d+\.\d+/)
    assert.ok(!Number.isNaN(Date.parse(String(health['timestamp']))))
    assert.equal(typeof health['checks'], 'object')
    assert.doesNotMatch(answer.body, /acme|globex|alice|carol|broken/)
  })

  for (const path of ['/status', '/health/mcp-status']) {
    it(`${path}: the caller's servers only, with state, transport, workers and the class of the last error`, async () => {
      assert.equal((await get(gateway.url + path)).status, 401)
      const alice = await get(gateway.url + path, { ...gateway.keyOf('alice').bearer })
      assert.equal(alice.status, 200)
      assert.match(alice.body, /"probe"/)
      assert.match(alice.body, /"broken"/)
      assert.doesNotMatch(alice.body, /hidden/)
      assert.match(alice.body, /stdio/)
      const carol = await get(gateway.url + path, { ...gateway.keyOf('carol').bearer })
      assert.match(carol.body, /"probe"/)
      assert.doesNotMatch(carol.body, /broken|hidden|alice|acme/)
    })
  }

  it('/metrics: Prometheus text on the management listener only', async () => {
    assert.ok([401, 404].includes((await get(`${gateway.url}/metrics`)).status))
    const answer = await get(`${gateway.managementUrl}/metrics`)
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^text\/plain|openmetrics/)
    assert.match(answer.body, /^# HELP drawbridge_/m)
    assert.match(answer.body, /^drawbridge_[a-z_]+\{[^}]*server="probe"[^}]*\} \d/m)
  })

  it('calls are counted by the tenants of the configuration, what their rules refuse included', async () => {
    await gateway.wire('carol', 'probe').open()
    const { body } = await get(`${gateway.managementUrl}/metrics`)
    assert.match(body, /^drawbridge_tenant_calls_total\{tenant="acme",outcome="ok"\} [1-9]/m)
    assert.match(body, /^drawbridge_tenant_calls_total\{tenant="acme",outcome="(?:tool_error|error)"\} [1-9]/m)
    assert.doesNotMatch(body, /tenant="other"/)
  })

  it('a call that its server did not answer is counted by why; how full the memory is can be seen', async () => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    const { pid } = JSON.parse(textOf(await wire.call('get'))) as { pid: number }
    const hanging = wire.call('hang')
    await until('it is at the worker', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 1)
    process.kill(pid, 'SIGKILL')
    assert.equal((await hanging).error?.code, 50201)
    const { body } = await get(`${gateway.managementUrl}/metrics`)
    assert.match(body, /^drawbridge_call_failures_total\{server="probe",method="tools\/call",failure="lost"\} 1$/m)
    assert.doesNotMatch(body, /^drawbridge_call_failures_total\{.*failure="internal"\} [1-9]/m)
    const full = Number(/^drawbridge_memory_used_ratio (\S+)$/m.exec(body)?.[1])
    assert.ok(full > 0 && full < 1, String(full))
  })

  it('labels come from closed sets: names of callers, sessions and paths make no new series', async () => {
    const seriesOf = async (): Promise<number> => (await get(`${gateway.managementUrl}/metrics`)).body.split('\n').filter((line) => line.startsWith('drawbridge_')).length
    const wire = gateway.wire('carol', 'probe')
    await wire.open()
    await wire.call('echo', { text: 'x' })
    await wire.call('nope-0')
    await send(`${gateway.url}/nowhere-0`)
    const before = await seriesOf()
    await Promise.all(Array.from({ length: 300 }, async (_, index) => {
      await wire.call(`nope-${index}`)
      await send(`${gateway.url}/nowhere-${index}`)
    }))
    assert.ok(await seriesOf() - before < 20)
    assert.doesNotMatch((await get(`${gateway.managementUrl}/metrics`)).body, /nope-|nowhere-|alice|carol/)
  })

  it('counts foreign session ids, and never a worker given to somebody else', async () => {
    const before = await metricOf(gateway, 'session_owner_mismatch_total') ?? NaN
    const [owner, thief] = [gateway.wire('alice', 'probe'), gateway.wire('carol', 'probe')]
    await owner.open()
    thief.sessionId = owner.sessionId
    const answer = await thief.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    assert.equal(answer.status, 404)
    assert.equal(await metricOf(gateway, 'session_owner_mismatch_total'), before + 1)
    assert.equal(await metricOf(gateway, 'worker_reassigned_total'), 0)
  })

  it('/admin always needs the token', async () => {
    const path = `${gateway.managementUrl}/admin/servers/broken`
    assert.ok([401, 403].includes((await get(path)).status))
    assert.ok([401, 403].includes((await get(path, { authorization: 'Bearer wrong' })).status))
    const answer = await get(path, { authorization: 'Bearer management-token-of-this-test-0123456789' })
    assert.equal(answer.status, 200)
    assert.match(answer.body, /cannot start/, 'stderr of the failed start')
    assert.ok([401, 404].includes((await get(`${gateway.url}/admin/servers/broken`, { authorization: 'Bearer management-token-of-this-test-0123456789' })).status))
  })

  it('the log is one JSON object a line, with request id, tenant, user, server, tool, status and duration of each call', async () => {
    const line = await until('the line of the echo call', () => gateway.logs().find((entry) => entry['server'] === 'probe' && JSON.stringify(entry).includes('echo')))
    assert.equal(line['tenant'], 'acme')
    assert.equal(line['user'], 'alice')
    assert.ok(Object.keys(line).some((key) => /request_?id/i.test(key)))
    assert.ok(Object.keys(line).some((key) => /duration/i.test(key)))
    assert.deepEqual(gateway.logs().filter((entry) => entry['unparsable'] !== undefined), [])
    assert.doesNotMatch(gateway.output(), /^FORGED/m)
    assert.ok(!gateway.output().includes('\u001b[31m'), 'no control characters')
  })

  it('exactly one audit line per call and per refused credential', async () => {
    const wire = gateway.wire('carol', 'probe')
    await wire.open()
    const auditOf = (name: string): unknown[] => gateway.logs().filter((entry) => JSON.stringify(entry).includes(`"${name}"`) && entry['audit'] === 'call')
    for (let call = 0; call < 3; call++) await wire.call('size', { data: 'x' })
    await until('three audit lines', () => auditOf('size').length >= 3)
    assert.equal(auditOf('size').length, 3)
    const before = gateway.logs().filter((entry) => entry['audit'] === 'refused').length
    await send(`${gateway.url}/servers/probe/mcp`, { body: {}, headers: { authorization: 'Bearer db_nobody_x' } })
    await until('the refusal', () => gateway.logs().filter((entry) => entry['audit'] === 'refused').length === before + 1)
  })

  it('no secret is in log, metrics, status or health: keys, tokens, session ids, arguments, server environment (T58)', async () => {
    const wire = gateway.wire('alice', 'probe')
    await wire.open()
    await wire.call('echo', { text: `${CANARY}-late` })
    await send(`${gateway.url}/servers/probe/mcp?token=${CANARY}-query`, { headers: { authorization: `Bearer ${CANARY}-bearer`, cookie: `${CANARY}-cookie`, 'user-agent': `ua\u0009${CANARY}` } })
    await until('the call is logged', () => gateway.logs().filter((entry) => JSON.stringify(entry).includes('echo')).length >= 2)
    const pages = await Promise.all([`${gateway.url}/health`, `${gateway.url}/status`, `${gateway.managementUrl}/metrics`].map(async (url) => (await get(url, { ...gateway.keyOf('alice').bearer })).body))
    const everything = [gateway.output(), ...pages].join('\n')
    for (const secret of [gateway.keyOf('alice').text, gateway.keyOf('alice').text.split('_').slice(2).join('_'), wire.sessionId ?? '?', `${CANARY}-argument`, `${CANARY}-late`, `${CANARY}-query`, `${CANARY}-bearer`, `${CANARY}-cookie`, `${CANARY}-env`, 'management-token-of-this-test', 'SECRET-IN-STDERR']) {
      assert.ok(!everything.includes(secret), secret)
    }
  })
})
