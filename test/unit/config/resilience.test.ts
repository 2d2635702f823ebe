/* eslint-disable no-template-curly-in-string */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { effectiveSettings } from '../../../src/cli/effective-settings.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { faultsOf, oneServer, settingsOf } from './load.ts'

type Entry = Readonly<Record<string, unknown>>
const env = { CRM_SECRET: 's3cr3t-of-the-client', CRM_TOKEN: 'token-of-the-gateway' }
const crm = (entry: Entry = {}, rest: Entry = {}) => ({ mcpServers: { crm: { type: 'http', url: 'https://crm.example.com/mcp', ...entry } }, ...rest })

async function server (entry: Entry, rest: Entry = {}): Promise<ServerSettings> {
  const found = (await settingsOf(crm(entry, rest), { env })).servers.get('crm' as never)
  assert.ok(found)
  return found
}

async function faults (entry: Entry): Promise<string[]> {
  return (await faultsOf(crm(entry), { env })).map(({ key, message }) => `${key.replace('mcpServers.crm.', '')}: ${message}`)
}

const BREAKER = { calls: 20, windowMs: 10_000, failedPercent: 50, openMs: 5000, maxOpenMs: 60_000 }

describe('retries and breaker (FR11, FR14)', () => {
  it('defaults; the entry goes before the file, key by key', async () => {
    const { retries, breaker } = await server({})
    assert.deepEqual([retries, breaker], [{ attempts: 2, budgetPercent: 10 }, BREAKER])
    const common = { retries: { attempts: 1, budgetPercent: 20 }, breaker: { calls: 40, openMs: 90_000 } }
    const own = await server({ retries: { attempts: 0 }, breaker: { calls: 10 } }, common)
    assert.deepEqual([own.retries, own.breaker], [{ attempts: 0, budgetPercent: 20 }, { ...BREAKER, calls: 10, openMs: 90_000, maxOpenMs: 90_000 }])
  })

  it('a breaker that is switched off, for all or for one', async () => {
    assert.equal((await server({ breaker: { enabled: false } })).breaker, undefined)
    assert.equal((await server({}, { breaker: { enabled: false } })).breaker, undefined)
    assert.deepEqual((await server({ breaker: { enabled: true } }, { breaker: { enabled: false } })).breaker, BREAKER)
  })

  it('processes have no circuit breaker, but retries of tools that may run twice', async () => {
    const { servers, warnings } = await settingsOf(oneServer({ breaker: { calls: 5 }, tools: { idempotent: ['get_*'], idempotencyKeys: true } }))
    const one = servers.get('one' as never)
    assert.deepEqual([one?.breaker, one?.retries, one?.tools.idempotent, one?.tools.idempotencyKeys], [undefined, { attempts: 2, budgetPercent: 10 }, ['get_*'], true])
    assert.deepEqual(warnings, ['mcpServers.one.breaker: has no effect: the server is started by its command, not called over HTTP'])
  })

  it('numbers out of bounds and keys that are none', async () => {
    assert.deepEqual((await faults({ retries: { attempts: 6, budgetPercent: 0 }, breaker: { calls: 1, open: 3 } })).map((line) => line.split(':')[0]).sort(), ['breaker.calls', 'breaker.open', 'retries.attempts', 'retries.budgetPercent'])
  })
})

describe('credentials towards a server (FR13)', () => {
  const full = { type: 'clientCredentials', tokenUrl: 'https://id.example.com/token', clientId: 'gateway', clientSecretEnv: 'CRM_SECRET', scope: 'a b', resource: 'https://crm.example.com', audience: 'crm', clientAuthentication: 'post' }

  it('a static token becomes a header; another Authorization beside it is a fault', async () => {
    assert.deepEqual((await server({ auth: { type: 'static', token: '${CRM_TOKEN}' }, headers: { 'X-A': '1' } })).headers, { 'X-A': '1', authorization: 'Bearer token-of-the-gateway' })
    assert.deepEqual(await faults({ auth: { type: 'static', token: 'x' }, headers: { AUTHORIZATION: 'y' } }), ['headers.AUTHORIZATION: expected no Authorization header beside auth, which sets it'])
    assert.deepEqual(await faults({ auth: { type: 'static' } }), ['auth.token: expected the token, because type is static, but the key is missing'])
    for (const token of ['a b', 'a\nb', 'ü']) assert.match((await faults({ auth: { type: 'static', token } })).join(), /^auth\.token: expected a token of visible ASCII/)
  })

  it('client credentials, with the secret of the environment', async () => {
    assert.deepEqual((await server({ auth: full })).credentials, {
      tokenUrl: 'https://id.example.com/token', clientId: 'gateway', clientSecret: env.CRM_SECRET, clientAuthentication: 'post', scope: 'a b', resource: 'https://crm.example.com', audience: 'crm', allowPrivateNetwork: false
    })
    const least = await server({ auth: { type: 'clientCredentials', tokenUrl: 'http://127.0.0.1:9/token', clientId: 'g', clientSecretEnv: 'CRM_SECRET', allowPrivateNetwork: true } })
    assert.deepEqual([least.credentials?.clientAuthentication, least.credentials?.scope, least.headers], ['basic', undefined, {}])
  })

  it('the secret is in no fault and not in what check prints, and another one is another entry', async () => {
    const printed = JSON.stringify(effectiveSettings(await settingsOf(crm({ auth: full }), { env })))
    assert.ok(!printed.includes(env.CRM_SECRET), printed)
    const hashes = await Promise.all(['one', 'two'].map(async (CRM_SECRET) => (await settingsOf(crm({ auth: full }), { env: { CRM_SECRET } })).servers.get('crm' as never)?.entryHash))
    assert.notEqual(hashes[0], hashes[1])
  })

  it('what is missing, what leads inside, and names of a later version are faults that name the key', async () => {
    assert.deepEqual((await faults({ auth: { type: 'clientCredentials' } })).map((line) => line.split(':')[0]), ['auth.tokenUrl', 'auth.clientId', 'auth.clientSecretEnv'])
    assert.match((await faults({ auth: { ...full, tokenUrl: 'https://127.0.0.1/token' } })).join(), /^auth\.tokenUrl: expected a public address/)
    assert.match((await faults({ auth: { ...full, clientSecretEnv: 'NOT_SET' } })).join(), /^auth\.clientSecretEnv: the environment variable NOT_SET is not set/)
    assert.deepEqual(await faults({ auth: { ...full, token: 'x' } }), ['auth.token: expected no such key with type clientCredentials'])
    for (const type of ['userOAuth', 'tokenExchange', 'mtls']) assert.deepEqual(await faults({ auth: { type } }), [`auth.type: expected static or clientCredentials: ${type} is the name of a later version`])
  })

  it('means nothing to a process', async () => {
    assert.deepEqual((await settingsOf(oneServer({ auth: { type: 'static', token: 'x' } }))).warnings, ['mcpServers.one.auth: has no effect: the server is started by its command, not called over HTTP'])
  })
})
