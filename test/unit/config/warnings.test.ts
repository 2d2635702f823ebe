import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { oneServer, settingsOf } from './load.ts'

async function warnings (document: Readonly<Record<string, unknown>>, env: Record<string, string> = {}): Promise<string[]> {
  return [...(await settingsOf(document, { env })).warnings]
}

describe('what is odd but not wrong', () => {
  it('reserved names are accepted in any shape and never silent (rulings 6)', async () => {
    for (const key of ['allowPrivateNetwork']) {
      for (const value of [{ x: 1 }, true, 3, 'x']) assert.deepEqual(await warnings(oneServer({}, { [key]: value })), [`${key}: is reserved: this version accepts it and does nothing with it`])
    }
  })

  it('a misspelt key of an entry is warned of with the near one (rulings 6)', async () => {
    assert.deepEqual(await warnings(oneServer({ isolaton: 'shared' })), ['mcpServers.one.isolaton: is not used by Drawbridge; did you mean "isolation"?'])
  })

  it('near misses of templates and a tilde', async () => {
    const lines = await warnings(oneServer({ args: ['{userId}', '{Tenant}', '{user}', '{"user":1}', '~/x'] }))
    assert.deepEqual(lines.map((line) => line.split(': ')[0]), ['mcpServers.one.args[0]', 'mcpServers.one.args[1]', 'mcpServers.one.args[4]'])
  })

  it('deny and allow patterns of a tenant that can match no tool', async () => {
    const lines = await warnings(oneServer({}, { tenants: { acme: { tools: { deny: ['one__*', '*__x', 'o*', '*', 'two__x', 'one', 'x*'], allow: ['tow__*'] } } } }))
    assert.deepEqual(lines.map((line) => line.split(': ')[0]), ['tenants.acme.tools.allow[0]', ...[4, 5, 6].map((index) => `tenants.acme.tools.deny[${index}]`)])
  })

  it('variables of ours that are misspelt', async () => {
    assert.deepEqual(await warnings(oneServer(), { DRAWBRIDGE_MOD: 'production' }), [
      'DRAWBRIDGE_MOD: is not a variable of Drawbridge; did you mean "DRAWBRIDGE_MODE"?'
    ])
  })

  it('variables that the configuration itself names are its own business', async () => {
    const document = oneServer({ args: ['$' + '{DRAWBRIDGE_CRM}', '$' + '{DRAWBRIDGE_X:-d}'] }, { auth: { jwt: [{ issuer: 'i', audience: 'a', tenant: 't', secretEnv: 'DRAWBRIDGE_JWT' }] } })
    assert.deepEqual(await warnings(document, { DRAWBRIDGE_CRM: 'x', DRAWBRIDGE_JWT: 'kR8s0Qm3v9Zx1Lw7Tb5Ye2Uh6Jd4Gf8P0' }), [])
  })

  it('no servers, and a tenant of a disabled server', async () => {
    assert.deepEqual(await warnings({ mcpServers: { off: { command: 'x', disabled: true } }, tenants: { acme: { servers: ['off'] } } }), [
      'mcpServers: has no server to serve',
      'tenants.acme.servers[0]: names the server "off", which is disabled'
    ])
  })

  it('a management listener that nobody can use', async () => {
    assert.match((await warnings(oneServer({}, { management: { host: '0.0.0.0' } }))).join(), /management\.host: is reachable from outside and DRAWBRIDGE_MANAGEMENT_TOKEN is not set/)
  })

  it('keys that begin with x- are a place for anchors', async () => {
    assert.deepEqual(await warnings(oneServer({}, { 'x-shared': { anything: [] } })), [])
  })
})
