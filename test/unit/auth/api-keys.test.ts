import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAuthenticator } from '../../../src/auth/index.ts'
import { GatewayError } from '../../../src/shared/errors.ts'
import { apiKey, present, secretIssuer, secretToken, settings, tenantId, testClock } from './fixtures.ts'

const KEY = 'db_k1_GEdYgmbdUhLNVBvkOWqyzIFd3ohAeRbEIAZkLgEfUdM'
const clock = testClock()

describe('API keys', () => {
  it('are verified in the same turn, and always give the same frozen principal', () => {
    const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY, { scopes: ['tools:read'], callsPerMinute: 7 })] }), { clock })
    const first = auth.authenticate(['X-API-Key', KEY], '/')
    const second = auth.authenticate(['Authorization', `Bearer ${KEY}`], '/')
    assert.ok(!(first instanceof Promise) && first.ok)
    assert.ok(!(second instanceof Promise) && second.ok)
    assert.equal(first.value, second.value)
    assert.ok(Object.isFrozen(first.value) && Object.isFrozen(first.value.scopes))
    assert.deepEqual(first.value, {
      issuer: 'apikey',
      tenant: 'acme',
      user: 'alice',
      clientId: 'k1',
      credentialId: 'k1',
      scopes: ['tools:read'],
      callsPerMinute: 7,
      ownerKey: '["apikey","acme","alice","k1"]',
      userKey: '["acme","alice"]'
    })
  })

  it('keep an absent list of scopes absent and an empty one empty', async () => {
    const auth = createAuthenticator(settings({ apiKeys: [apiKey('all', 'db_all_x'), apiKey('none', 'db_none_x', { scopes: [] })] }), { clock })
    const all = await present(auth, 'db_all_x')
    const none = await present(auth, 'db_none_x')
    assert.ok(all.ok && !('scopes' in all.value))
    assert.ok(none.ok)
    assert.deepEqual(none.value.scopes, [])
  })

  it('refuse an unknown id and a wrong secret alike to the caller (T13)', async () => {
    const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)] }), { clock })
    const unknown = await present(auth, KEY.replace('k1', 'k2'))
    const wrong = await present(auth, `${KEY.slice(0, -1)}N`)
    assert.ok(!unknown.ok && !wrong.ok)
    assert.equal(unknown.error.code, wrong.error.code)
    assert.deepEqual([unknown.error.reason, wrong.error.reason], ['unknown_key', 'wrong_secret'])
  })

  const wrong = ['db_', 'db__', 'db_k1', 'db_k1_', `db_K1_${KEY.slice(6)}`, `${KEY} `.repeat(2), KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase(), `DB_${KEY.slice(3)}`, 'db_constructor_x', 'db___proto___x']
  for (const text of wrong) {
    it(`refuse ${JSON.stringify(text.slice(0, 20))}`, async () => {
      const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)] }), { clock })
      assert.equal((await present(auth, text)).ok, false)
    })
  }

  it('cost the same whether or not the id exists', () => {
    const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)] }), { clock })
    const medianMs = (text: string): number => {
      const spent = Array.from({ length: 2000 }, () => {
        const startMs = performance.now()
        assert.ok(!(auth.authenticate(['X-API-Key', text], '/') instanceof Promise))
        return performance.now() - startMs
      })
      return spent.sort((a, b) => a - b)[1000] ?? NaN
    }
    const difference = Math.abs(medianMs(KEY.replace('k1', 'k2')) - medianMs(`${KEY.slice(0, -1)}N`))
    assert.ok(difference < 1, `${difference} ms`)
  })

  it('cannot be configured wrongly', () => {
    const wrongly = [[apiKey('k1', KEY, { sha256: 'abc' })], [apiKey('k1', KEY), apiKey('k1', 'db_k1_other')], [apiKey('k1', KEY, { user: '' })], [apiKey('k1', KEY, { tenant: tenantId('') })]]
    for (const apiKeys of wrongly) {
      assert.throws(() => createAuthenticator(settings({ apiKeys }), { clock }), (error) => error instanceof GatewayError && error.code === 'GW_CONFIG')
    }
  })

  it('make the gateway ready; no credential at all does not', () => {
    assert.equal(createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)] }), { clock }).ready(), true)
    assert.equal(createAuthenticator(settings({ jwt: [secretIssuer()] }), { clock }).ready(), true)
    assert.equal(createAuthenticator(settings({}), { clock }).ready(), false)
  })

  it('and tokens of one user are one user for limits, and two owners for sessions', async () => {
    const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)], jwt: [secretIssuer()] }), { clock })
    const byKey = await present(auth, KEY)
    const byToken = await present(auth, secretToken({ client_id: 'k1' }))
    assert.ok(byKey.ok && byToken.ok)
    assert.equal(byKey.value.userKey, byToken.value.userKey)
    assert.notEqual(byKey.value.ownerKey, byToken.value.ownerKey)
  })
})
