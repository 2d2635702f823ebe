import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { faultsOf, oneServer, SECRET, settingsOf, SHA } from './load.ts'

type Document = Readonly<Record<string, unknown>>
const ENV = { S: SECRET }
const production = { mode: 'production' }
const issuers = (...jwt: Document[]) => oneServer({}, { auth: { jwt: jwt.map((entry, index) => ({ issuer: `i${index}`, audience: 'a', ...entry })) } })
const jwks = { jwksUri: 'https://idp.example.com/jwks' }

async function keysOf (document: Document, flags = {}): Promise<string[]> {
  return (await faultsOf(document, { env: ENV, flags })).map(({ key }) => key)
}

describe('issuers', () => {
  it('defaults depend on the kind of key', async () => {
    const { auth } = await settingsOf(issuers({ ...jwks, tenants: ['t'] }, { secretEnv: 'S', tenant: 'u', audience: ['x', 'y'] }), { env: ENV })
    assert.deepEqual(auth.jwt, [
      { issuer: 'i0', audience: ['a'], algorithms: ['RS256', 'ES256', 'EdDSA'], ...jwks, tenants: ['t'], tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '' },
      { issuer: 'i1', audience: ['x', 'y'], algorithms: ['HS256'], secret: SECRET, tenant: 'u', tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '' }
    ])
  })

  it('two that serve one tenant need distinct prefixes, or sharedUsers', async () => {
    const key = 'auth.jwt[1].userPrefix'
    for (const [first, second] of [[{ tenant: 't' }, { tenant: 't' }], [{ tenant: 't' }, { tenants: ['s', 't'] }], [{ tenants: ['t'] }, {}], [{ tenant: 't', userPrefix: 'b-' }, { tenant: 't', userPrefix: 'b-' }]] as [Document, Document][]) {
      assert.deepEqual(await keysOf(issuers({ ...jwks, ...first }, { ...jwks, ...second })), [key], JSON.stringify([first, second]))
    }
    await settingsOf(issuers({ ...jwks, tenant: 't' }, { ...jwks, tenant: 'u' }))
    await settingsOf(issuers({ ...jwks, tenant: 't' }, { ...jwks, tenant: 't', userPrefix: 'b-' }))
    await settingsOf(issuers({ ...jwks, tenant: 't' }, { ...jwks, tenant: 't', sharedUsers: true }))
  })

  it('a shared secret without tenant or tenants: a warning, in production a fault', async () => {
    const document = issuers({ secretEnv: 'S' })
    assert.match((await settingsOf(document, { env: ENV })).warnings.join(), /auth\.jwt\[0\]: expected tenant or tenants/)
    assert.deepEqual(await keysOf(document, production), ['auth.jwt[0]'])
    await settingsOf(issuers(jwks), { flags: production })
  })

  it('T62: plain http outside loopback: with the switch a warning, in production and without it a fault', async () => {
    const plain = (rest: Document) => oneServer({}, { auth: { jwt: [{ issuer: 'http://idp.example.com', audience: 'a', jwksUri: 'http://idp.example.com/jwks', tenant: 't', ...rest }] } })
    const document = plain({ allowPrivateNetwork: true })
    assert.equal((await settingsOf(document)).warnings.filter((line) => line.includes('plain http')).length, 2)
    assert.deepEqual(await keysOf(document, production), ['auth.jwt[0].issuer', 'auth.jwt[0].jwksUri'])
    assert.deepEqual(await keysOf(plain({})), ['auth.jwt[0].jwksUri'])
    for (const host of ['localhost:9', '127.0.0.1', '[::1]:9']) {
      await settingsOf(oneServer({}, { auth: { jwt: [{ issuer: `http://${host}`, audience: 'a', jwksUri: `http://${host}/jwks`, tenant: 't' }] } }), { flags: production })
    }
  })

  it('T47: keys at a private address only by the switch, at a link-local one never', async () => {
    const at = (jwksUri: string, rest: Document = {}) => oneServer({}, { auth: { jwt: [{ issuer: 'i', audience: 'a', jwksUri, tenant: 't', ...rest }] } })
    assert.deepEqual(await keysOf(at('https://10.0.0.1/jwks')), ['auth.jwt[0].jwksUri'])
    assert.deepEqual(await keysOf(at('https://169.254.169.254/jwks', { allowPrivateNetwork: true })), ['auth.jwt[0].jwksUri'])
    const [issuer] = (await settingsOf(at('https://10.0.0.1/jwks', { allowPrivateNetwork: true, atJwtOnly: true }))).auth.jwt
    assert.deepEqual([issuer?.allowPrivateNetwork, issuer?.atJwtOnly], [true, true])
  })

  it('with neither jwksUri nor secretEnv the issuer is the URL that its metadata is found by', async () => {
    const named = (issuer: string) => oneServer({}, { auth: { jwt: [{ issuer, audience: 'a', tenant: 't' }] } })
    const [issuer] = (await settingsOf(named('https://idp.example.com/realms/one'))).auth.jwt
    assert.deepEqual([issuer?.jwksUri, issuer?.secret, issuer?.algorithms], [undefined, undefined, ['RS256', 'ES256', 'EdDSA']])
    for (const wrong of ['idp', 'http://idp.example.com', 'https://10.0.0.1']) assert.deepEqual(await keysOf(named(wrong)), ['auth.jwt[0].issuer'], wrong)
  })

  it('T62: secrets that are words or repeat themselves: a warning, in production a fault', async () => {
    for (const secret of ['a'.repeat(64), 'changeme'.repeat(8), `secret${'1'.repeat(40)}`]) {
      const document = issuers({ secretEnv: 'S', tenant: 't' })
      assert.match((await settingsOf(document, { env: { S: secret } })).warnings.join(), /expected a random secret/, secret)
      assert.deepEqual((await faultsOf(document, { env: { S: secret }, flags: production })).map(({ key }) => key), ['auth.jwt[0].secretEnv'], secret)
    }
    await settingsOf(issuers({ secretEnv: 'S', tenant: 't' }), { env: ENV, flags: production })
  })
})

describe('keys and tokens', () => {
  it('T62: the hash of a well-known word is refused in every mode', async () => {
    for (const word of ['changeme', 'secret-api-key', '']) {
      const sha256 = createHash('sha256').update(word).digest('hex')
      assert.deepEqual(await keysOf(oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256, tenant: 't', user: 'u' }] } })), ['auth.apiKeys[0].sha256'])
    }
  })

  it('T62: a weak management token: a warning, in production a fault', async () => {
    for (const token of ['changeme', 'x'.repeat(40), SHA.slice(0, 31)]) {
      const env = { DRAWBRIDGE_MANAGEMENT_TOKEN: token }
      assert.match((await settingsOf(oneServer(), { env })).warnings.join(), /DRAWBRIDGE_MANAGEMENT_TOKEN: expected a random token/, token)
      assert.equal((await faultsOf(oneServer(), { env, flags: production }))[0]?.key, 'DRAWBRIDGE_MANAGEMENT_TOKEN')
    }
    assert.deepEqual((await settingsOf(oneServer(), { env: { DRAWBRIDGE_MANAGEMENT_TOKEN: SHA } })).warnings, [])
  })

  it('T62: listening beyond this machine without any credential is a fault in every mode', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'gateway.internal']) {
      for (const mode of ['development', 'production']) {
        const faults = await faultsOf(oneServer(), { flags: { host, mode } })
        assert.deepEqual(faults.map(({ key }) => key), ['auth'], host)
      }
    }
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) await settingsOf(oneServer(), { flags: { host } })
    await settingsOf(oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 't', user: 'u' }] } }), { flags: { host: '0.0.0.0', mode: 'production' } })
  })

  it('production without any credential on loopback is warned of', async () => {
    assert.match((await settingsOf(oneServer(), { flags: production })).warnings.join(), /auth: has neither apiKeys nor jwt/)
  })

  it('scopes that grant nothing are warned of', async () => {
    const scopes = ['tools:read', 'tools:call', 'tools:call:a__*', 'resources:read', 'prompts:read', '*', 'tool:call', 'tools:call:']
    const settings = await settingsOf(oneServer({}, { auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 't', user: 'u', scopes }] } }))
    assert.deepEqual(settings.warnings.map((line) => line.split(': ')[0]), ['auth.apiKeys[0].scopes[6]', 'auth.apiKeys[0].scopes[7]'])
  })
})
