import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { effectiveSettings } from '../../../src/cli/effective-settings.ts'
import { faultsOf, faultsOfFile, folderWith, oneServer, SECRET, settingsOf } from './load.ts'

type Document = Readonly<Record<string, unknown>>
const ENV = { S: SECRET }
const asked = (...entries: Document[]) => oneServer({}, { auth: { introspection: entries.map((entry, index) => ({ issuer: `https://as${index}.example.com`, endpoint: `https://as${index}.example.com/introspect`, clientId: 'gateway', clientSecretEnv: 'S', audience: 'a', tenant: `t${index}`, ...entry })) } })
const keysOf = async (document: Document, extra = {}): Promise<string[]> => (await faultsOf(document, { env: ENV, ...extra })).map(({ key }) => key)

describe('authorization servers that are asked (RFC 7662)', () => {
  it('are read with their defaults; the secret comes from the environment', async () => {
    const { auth } = await settingsOf(asked({ tokenPrefix: 'gho_' }), { env: ENV })
    assert.deepEqual(auth.introspection, [{
      endpoint: 'https://as0.example.com/introspect', clientId: 'gateway', clientSecret: SECRET, tokenPrefix: 'gho_', issuer: 'https://as0.example.com', audience: ['a'], tenant: 't0', tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: ''
    }])
  })

  it('are told apart by how their tokens begin', async () => {
    const at = ['auth.introspection[1].tokenPrefix']
    for (const [one, other] of [[{}, {}], [{ tokenPrefix: 'x_' }, { tokenPrefix: 'x_y' }]] as const) assert.deepEqual(await keysOf(asked(one, other)), at)
    assert.deepEqual(await keysOf(asked({ tokenPrefix: 'db_' })), ['auth.introspection[0].tokenPrefix'])
    await settingsOf(asked({ tokenPrefix: 'x_' }, {}, { tokenPrefix: 'y_' }), { env: ENV })
  })

  it('need their secret, an address that may be called, and users that no other issuer names', async () => {
    assert.deepEqual(await keysOf(asked({ clientSecretEnv: 'NOWHERE' })), ['auth.introspection[0].clientSecretEnv'])
    assert.deepEqual(await keysOf(asked({ endpoint: 'http://as.example.com/introspect' })), ['auth.introspection[0].endpoint'])
    assert.deepEqual(await keysOf(asked({ endpoint: 'https://10.1.1.1/introspect' })), ['auth.introspection[0].endpoint'])
    assert.deepEqual(await keysOf(asked({ tokenPrefix: 'x_' }, { tenant: 't0' })), ['auth.introspection[1].userPrefix'])
    assert.deepEqual(await keysOf({ ...asked({ tenant: 't9' }), tenants: { acme: {} } }), ['auth.introspection[0].tenant'])
  })

  it('belong in the main file, as what else one gateway has once', async (t) => {
    const folder = folderWith(t, { 'main.json': JSON.stringify({ mcpServers: { one: { command: 'x' } }, include: ['./part.json'] }), 'part.json': JSON.stringify({ auth: { introspection: [], whenRevocationsUnknown: 'allow' } }) })
    const faults = await faultsOfFile(`${folder}/main.json`)
    assert.deepEqual(faults.map(({ key }) => key), ['auth.introspection', 'auth.whenRevocationsUnknown'])
  })
})

describe('keys of own tokens', () => {
  const pem = (type: 'ed25519' | 'x25519') => generateKeyPairSync(type as 'ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const withKeys = (...keys: Document[]) => oneServer({}, { auth: { tokens: { keys } } })

  it('are Ed25519 keys from the environment, two at most', async () => {
    const env = { ONE: pem('ed25519'), TWO: pem('ed25519') }
    const { auth, warnings } = await settingsOf(withKeys({ kid: 'a', privateKeyEnv: 'ONE' }, { kid: 'b', privateKeyEnv: 'TWO' }), { env })
    assert.deepEqual(auth.tokens, { keys: [{ kid: 'a', privateKey: env.ONE }, { kid: 'b', privateKey: env.TWO }] })
    assert.deepEqual(warnings, [])
    assert.deepEqual(await keysOf(withKeys({ kid: 'a', privateKeyEnv: 'ONE' }, { kid: 'a', privateKeyEnv: 'TWO' }), { env }), ['auth.tokens.keys[1].kid'])
    for (const wrong of ['', 'x', pem('x25519'), undefined]) assert.deepEqual(await keysOf(withKeys({ kid: 'a', privateKeyEnv: 'ONE' }), { env: { ONE: wrong } }), ['auth.tokens.keys[0].privateKeyEnv'])
    assert.equal((await keysOf(withKeys())).length > 0, true)
  })

  it('no secret of them is printed', async () => {
    const env = { ONE: pem('ed25519'), S: SECRET }
    const printed = JSON.stringify(effectiveSettings(await settingsOf({ ...asked({}), auth: { ...asked({})['auth'] as object, tokens: { keys: [{ kid: 'a', privateKeyEnv: 'ONE' }] } } }, { env })))
    assert.match(printed, /"clientSecret":"\*\*\*"/)
    assert.ok(!printed.includes(SECRET) && !printed.includes('PRIVATE KEY'))
  })

  it('nobody else may issue tokens under the public URL', async () => {
    const document = oneServer({}, { http: { publicUrl: 'https://mcp.example.com' }, auth: { jwt: [{ issuer: 'https://mcp.example.com', jwksUri: 'https://idp.example.com/jwks', audience: 'a' }] } })
    assert.deepEqual(await keysOf(document), ['auth.jwt[0].issuer'])
  })
})
