import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { discoverKeys, metadataUrls } from '../../../src/auth/jwks/discovery.ts'
import { authenticator, keySetIssuer, outcome, sign, signingKey } from './fixtures.ts'

const never = new AbortController().signal
const key = await signingKey('one')
const KEYS = { keys: [key.jwk] }

/** Answers these URLs, and notes what was asked for. */
function web (pages: Readonly<Record<string, unknown>>) {
  const asked: string[] = []
  return {
    asked,
    fetchJwks: (url: string) => {
      asked.push(url)
      return url in pages ? Promise.resolve(pages[url]) : Promise.reject(new Error('answered with status 404'))
    }
  }
}

describe('an issuer that names no key set (RFC 8414, OpenID Connect Discovery)', () => {
  it('has its metadata in these places', () => {
    assert.deepEqual(metadataUrls('https://idp.example'), ['https://idp.example/.well-known/oauth-authorization-server', 'https://idp.example/.well-known/openid-configuration'])
    assert.deepEqual(metadataUrls('https://idp.example/realms/one'), [
      'https://idp.example/.well-known/oauth-authorization-server/realms/one',
      'https://idp.example/.well-known/openid-configuration/realms/one',
      'https://idp.example/realms/one/.well-known/openid-configuration'
    ])
  })

  it('is verified with the keys that its metadata names, wherever they are', async () => {
    const issuer = 'https://idp.example/realms/one'
    const { asked, fetchJwks } = web({ [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: 'https://keys.example/one' }, 'https://keys.example/one': KEYS })
    const { jwksUri, ...settings } = keySetIssuer('', { issuer })
    const auth = authenticator([settings], { fetchJwks })
    assert.equal(await outcome(auth, await sign(key, { iss: issuer })), 'accepted')
    assert.deepEqual(asked, [...metadataUrls(issuer), 'https://keys.example/one'])
    auth.close()
  })

  it('is not another one of nearly the same name', async () => {
    for (const issuer of ['https://idp.example/', 'https://IDP.example', 'http://idp.example', 'https://idp.example.evil', undefined, ['https://idp.example']]) {
      const { asked, fetchJwks } = web(Object.fromEntries(metadataUrls('https://idp.example').map((url) => [url, { issuer, jwks_uri: 'https://keys.example/one' }])))
      await assert.rejects(discoverKeys('https://idp.example', {}, fetchJwks)(never), /another issuer/)
      assert.equal(asked.length, 2, 'its keys are not asked for')
    }
  })

  it('sends nobody to this machine, nor to what is no address (T47)', async () => {
    for (const [jwksUri, says] of [['http://127.0.0.1:6379/', /this machine/], ['https://localhost/jwks', /this machine/], ['http://[::1]/', /this machine/], ['jwks', /no jwks_uri/], [7, /no jwks_uri/], [undefined, /no jwks_uri/]] as const) {
      const { asked, fetchJwks } = web({ 'https://idp.example/.well-known/oauth-authorization-server': { issuer: 'https://idp.example', jwks_uri: jwksUri } })
      await assert.rejects(discoverKeys('https://idp.example', {}, fetchJwks)(never), says)
      assert.equal(asked.length, 2)
    }
  })
})
