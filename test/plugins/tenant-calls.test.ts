import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createCallMeter, tenantsOf } from '../../plugins/call-meter.ts'
import { brandAs, type TenantId } from '../../src/shared/ids.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'
import type { Telemetry } from '../../src/telemetry/index.ts'
import { edgeSettings } from './settings.ts'

const tenant = (name: string): TenantId => brandAs<TenantId>(name)

function metered (t: TestContext, named: Iterable<string>): { telemetry: Telemetry, used: (name: string, outcome?: 'ok' | 'refused') => void, lines: () => Promise<string[]> } {
  const telemetry = createTelemetry({ version: '1.2.3', servers: [] })
  t.after(() => { telemetry.close() })
  telemetry.allow('tenant', named)
  const meter = createCallMeter(telemetry)
  return {
    telemetry,
    used: (name, outcome = 'ok') => { meter.used(tenant(name), outcome) },
    lines: async () => (await telemetry.expose()).split('\n').filter((line) => line.startsWith('drawbridge_tenant_calls_total')).sort()
  }
}

test('uses are counted by the tenants that the configuration names; ten thousand of tokens are one (T59)', async (t) => {
  const { used, lines } = metered(t, ['acme', 'globex'])
  used('acme')
  used('acme')
  used('acme', 'refused')
  used('globex')
  for (let at = 0; at < 10_000; at++) used(`made-up-${at}`)
  for (const name of ['', '__proto__', 'constructor', 'acme"} 1\n']) used(name)
  assert.deepEqual(await lines(), [
    'drawbridge_tenant_calls_total{tenant="acme",outcome="ok"} 2',
    'drawbridge_tenant_calls_total{tenant="acme",outcome="refused"} 1',
    'drawbridge_tenant_calls_total{tenant="globex",outcome="ok"} 1',
    'drawbridge_tenant_calls_total{tenant="other",outcome="ok"} 10004'
  ])
})

test('a tenant that a reload brings is counted by name from then on', async (t) => {
  const { telemetry, used, lines } = metered(t, [])
  used('later')
  telemetry.allow('tenant', ['later'])
  used('later')
  assert.deepEqual(await lines(), ['drawbridge_tenant_calls_total{tenant="later",outcome="ok"} 1', 'drawbridge_tenant_calls_total{tenant="other",outcome="ok"} 1'])
})

test('two hundred tenants have names, however many there are', async (t) => {
  const names = Array.from({ length: 1000 }, (_, at) => `t${at}`)
  const { used, lines } = metered(t, names)
  for (const name of names) used(name)
  const found = await lines()
  assert.equal(found.length, 201)
  assert.ok(found.includes('drawbridge_tenant_calls_total{tenant="other",outcome="ok"} 800'))
})

test('tenants are those of the list, of API keys, of issuers and of introspection', () => {
  const { settings } = edgeSettings({ tenants: new Map([[tenant('listed'), { servers: [], tools: { deny: [] }, limits: {} }]]) })
  const [key] = settings.auth.apiKeys
  const issuer = { issuer: 'https://id.example', audience: [], tenantClaim: 't', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '', algorithms: [] }
  const auth = { ...settings.auth, jwt: [{ ...issuer, tenant: tenant('fixed') }, { ...issuer, tenants: [tenant('one'), tenant('two')] }], introspection: [{ ...issuer, endpoint: '', clientId: '', clientSecret: '', tenant: tenant('asked') }] }
  assert.deepEqual([...tenantsOf({ ...settings, auth })].sort(), [...new Set(['listed', 'fixed', 'one', 'two', 'asked', String(key?.tenant)])].sort())
})
