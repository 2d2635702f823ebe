import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CompactSign, exportSPKI, SignJWT } from 'jose'
import { GatewayError } from '../../../src/shared/errors.ts'
import { createAuthenticator } from '../../../src/auth/index.ts'
import {
  authenticator, claims, encode, forge, ISSUER, jwksServer, keySetIssuer, outcome, SECRET, secretIssuer, secretToken, settings, sign,
  signingKey, testClock
} from './fixtures.ts'

const [rsa, otherRsa, ec, ed] = await Promise.all([signingKey('rsa'), signingKey('rsa'), signingKey('ec', 'ES256'), signingKey('ed', 'EdDSA')])
const pem = await exportSPKI(rsa.publicKey)

describe('algorithms (T06)', () => {
  it('verifies RS256, ES256 and EdDSA by key id', async () => {
    await using server = await jwksServer(rsa, ec, ed)
    const auth = authenticator([keySetIssuer(server.url, { algorithms: ['RS256', 'ES256', 'EdDSA'] })])
    for (const key of [rsa, ec, ed]) assert.equal(await outcome(auth, await sign(key)), 'accepted', key.alg)
    assert.equal(server.hits, 1)
    auth.close()
  })

  it('refuses what the issuer does not list, although the key is published', async () => {
    await using server = await jwksServer(rsa, ec)
    const auth = authenticator([keySetIssuer(server.url, { algorithms: ['RS256'] })])
    assert.equal(await outcome(auth, await sign(ec)), 'algorithm')
    const ps256 = await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'rsa' }).sign(otherRsa.privateKey)
    assert.equal(await outcome(auth, ps256), 'signature')
    auth.close()
  })

  it('refuses alg none in any case, with and without a signature', async () => {
    await using server = await jwksServer(rsa)
    const auth = authenticator([keySetIssuer(server.url), secretIssuer({ issuer: 'backend' })])
    for (const iss of [ISSUER, 'backend']) {
      for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '', undefined, null, 0, ['RS256'], 'rs256', 'hs256']) {
        assert.equal(await outcome(auth, forge({ alg, kid: 'rsa' }, claims({ iss }))), 'algorithm', JSON.stringify(alg))
      }
      assert.equal(await outcome(auth, `${encode({ alg: 'none' })}.${encode(claims({ iss }))}.`), 'malformed')
    }
    auth.close()
  })

  it('refuses HS256 with the public key as the secret, however it is written', async () => {
    await using server = await jwksServer(rsa)
    const auth = authenticator([keySetIssuer(server.url)])
    for (const secret of [pem, ` \n${pem}`, `\t${pem}`, pem.trim(), pem.replaceAll('\n', '\r\n'), JSON.stringify(rsa.jwk), rsa.jwk.n ?? '', '']) {
      assert.equal(await outcome(auth, forge({ alg: 'HS256', kid: 'rsa' }, claims(), secret)), 'algorithm')
      assert.equal(await outcome(auth, forge({ alg: 'RS256', kid: 'rsa' }, claims(), secret)), 'signature')
    }
    auth.close()
  })

  it('refuses a token of one issuer that names another', async () => {
    await using server = await jwksServer(rsa)
    const auth = authenticator([keySetIssuer(server.url), secretIssuer({ issuer: 'backend' })])
    assert.equal(await outcome(auth, await sign(rsa, { iss: 'backend' })), 'algorithm')
    assert.equal(await outcome(auth, secretToken()), 'algorithm')
    assert.equal(await outcome(auth, secretToken({ iss: 'backend' })), 'accepted')
    assert.equal(await outcome(auth, forge({ alg: 'HS256' }, claims({ iss: 'backend' }), `${SECRET}!`)), 'signature')
    auth.close()
  })

  it('uses a key only for its own type, use, operations and algorithm', async () => {
    const unfit: ReadonlyArray<readonly [title: string, jwk: Record<string, unknown>]> = [
      ['for encryption', { use: 'enc' }],
      ['for signing only', { key_ops: ['sign'] }],
      ['for another algorithm', { alg: 'RS512' }],
      ['of another type', { kty: 'EC' }],
      ['symmetric', { kty: 'oct', k: encode(SECRET) }],
      ['private', { d: 'AQAB' }]
    ]
    for (const [title, changes] of unfit) {
      await using server = await jwksServer()
      server.body = JSON.stringify({ keys: [{ ...rsa.jwk, ...changes }, otherRsaNamed('spare')] })
      const auth = authenticator([keySetIssuer(server.url)])
      assert.equal(await outcome(auth, await sign(rsa)), 'unknown_kid', title)
      auth.close()
    }
  })

  it('refuses two keys of one id and algorithm, and a token without an id when several keys fit', async () => {
    await using server = await jwksServer(rsa, otherRsa)
    const auth = authenticator([keySetIssuer(server.url)])
    assert.equal(await outcome(auth, await sign(rsa)), 'unknown_kid')
    assert.equal(await outcome(auth, await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey)), 'unknown_kid')
    auth.close()
  })

  it('takes the only fitting key for a token without an id', async () => {
    await using server = await jwksServer(rsa, ec)
    const auth = authenticator([keySetIssuer(server.url)])
    assert.equal(await outcome(auth, await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey)), 'accepted')
    auth.close()
  })

  it('refuses RSA keys under 2048 bits', async () => {
    await using server = await jwksServer()
    server.body = JSON.stringify({ keys: [{ ...rsa.jwk, n: (rsa.jwk.n ?? '').slice(0, 171) }, otherRsaNamed('spare')] })
    const auth = authenticator([keySetIssuer(server.url)])
    assert.equal(await outcome(auth, await sign(rsa)), 'unknown_kid')
    auth.close()
  })
})

const otherRsaNamed = (kid: string) => ({ ...otherRsa.jwk, kid })

describe('keys that a token brings along (T06)', () => {
  it('are ignored: jwk, jku, x5u and x5c, and nothing is fetched from where they point', async () => {
    await using server = await jwksServer(rsa)
    await using canary = await jwksServer(otherRsa)
    const auth = authenticator([keySetIssuer(server.url)])
    const brought = [{ jwk: otherRsa.jwk }, { jku: canary.url }, { x5u: canary.url }, { x5c: [encode(pem)] }, { jku: canary.url, kid: canary.url }]
    for (const header of brought) {
      const token = await new CompactSign(Buffer.from(JSON.stringify(claims())))
        .setProtectedHeader({ alg: 'RS256', kid: 'rsa', typ: 'JWT', ...header }).sign(otherRsa.privateKey)
      assert.match(await outcome(auth, token), /^(signature|unknown_kid)$/, JSON.stringify(Object.keys(header)))
      const honest = await sign(rsa, {}, 'kid' in header ? { jku: canary.url } : header)
      assert.equal(await outcome(auth, honest), 'accepted', 'they do not matter in an honest token either')
    }
    assert.equal(canary.hits, 0)
    auth.close()
  })

  it('crit and b64 are refused, understood by a library or not', async () => {
    const auth = authenticator([secretIssuer()])
    for (const header of [{ crit: ['b64'], b64: true }, { crit: ['exp'], exp: 1 }, { crit: [] }, { b64: false }]) {
      assert.equal(await outcome(auth, secretToken({}, header)), 'malformed')
    }
  })
})

describe('text that is no token (T11)', () => {
  const good = secretToken()
  const [header = '', payload = '', signature = ''] = good.split('.')
  const deep = (levels: number): string => forge({ alg: 'HS256' }, JSON.stringify(claims({ deep: 0 })).replace('"deep":0', `"deep":${'['.repeat(levels)}${']'.repeat(levels)}`))
  const table: Record<string, string> = {
    'two parts': `${header}.${payload}`,
    'five parts': `${good}.a.b`,
    '8,000 dots': '.'.repeat(8000),
    '8,000 letters': 'a'.repeat(8000),
    'empty parts': '..',
    padding: `${header}.${payload}.${signature}=`,
    'plain base64': `${header}.${payload}.${signature.replace(/^../, '+/')}`,
    'header is no JSON': `${encode('{')}.${payload}.${signature}`,
    'header is a list': `${encode([])}.${payload}.${signature}`,
    'header is null': `${encode(null)}.${payload}.${signature}`,
    'payload is text': `${header}.${encode('"x"')}.${signature}`,
    'broken UTF-8': `${header}.${Buffer.from('7b22697373223a22ff227d', 'hex').toString('base64url')}.${signature}`,
    'nine levels deep': deep(9),
    '2,000 levels deep': deep(2000),
    '1,100 values': secretToken({ roles: Array.from({ length: 1100 }, () => 0) })
  }
  for (const [title, token] of Object.entries(table)) {
    it(title, async () => assert.equal(await outcome(authenticator([secretIssuer()]), token), 'malformed'))
  }

  it('five levels and a hundred members are ordinary', async () => {
    assert.equal(await outcome(authenticator([secretIssuer()]), deep(5)), 'accepted')
    assert.equal(await outcome(authenticator([secretIssuer()]), secretToken({ roles: Array.from({ length: 100 }, (_, i) => `role-${i}`) })), 'accepted')
  })

  it('8 KB of garbage costs well under a millisecond', async () => {
    const auth = authenticator([secretIssuer()])
    const startMs = performance.now()
    for (let i = 0; i < 1000; i++) await outcome(auth, `${i}${'[{".'.repeat(2000)}`)
    assert.ok(performance.now() - startMs < 1000)
  })
})

describe('altered tokens, while the honest one is cached (T12)', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

  it('no other spelling of any single character is accepted', async () => {
    const auth = authenticator([secretIssuer()])
    const good = secretToken()
    assert.equal(await outcome(auth, good), 'accepted')
    const places = [0, 1, good.indexOf('.') - 1, good.indexOf('.') + 1, good.length >> 1, good.lastIndexOf('.') - 1, good.lastIndexOf('.') + 1, good.length - 2, good.length - 1]
    for (const place of places) {
      for (const character of alphabet) {
        if (character === good[place]) continue
        const altered = good.slice(0, place) + character + good.slice(place + 1)
        assert.notEqual(await outcome(auth, altered), 'accepted', `place ${place}: ${character}`)
      }
    }
    assert.equal(await outcome(auth, good), 'accepted')
  })

  it('nor for the signatures of RS256 and ES256, whose last characters have unused bits', async () => {
    await using server = await jwksServer(rsa, ec)
    const auth = authenticator([keySetIssuer(server.url, { algorithms: ['RS256', 'ES256'] })])
    for (const key of [rsa, ec]) {
      const good = await sign(key)
      assert.equal(await outcome(auth, good), 'accepted')
      for (const character of alphabet.replace(good.at(-1) ?? '', '')) assert.notEqual(await outcome(auth, good.slice(0, -1) + character), 'accepted')
    }
    auth.close()
  })

  it('the same header with another payload, and the same payload with another header', async () => {
    const auth = authenticator([secretIssuer()])
    const good = secretToken({ sub: 'alice' })
    assert.equal(await outcome(auth, good), 'accepted')
    const [header, payload, signature] = good.split('.')
    assert.equal(await outcome(auth, `${header}.${encode(claims({ sub: 'bob' }))}.${signature}`), 'signature')
    assert.equal(await outcome(auth, `${encode({ alg: 'HS256', typ: 'jwt' })}.${payload}.${signature}`), 'signature')
  })
})

it('impossible settings are refused when the authenticator is made', () => {
  const uri = 'https://idp.example/jwks'
  const wrong = [
    [keySetIssuer(uri, { algorithms: ['RS256', 'HS256'] })],
    [keySetIssuer(uri, { algorithms: ['none'] })],
    [keySetIssuer(uri, { algorithms: [] })],
    [keySetIssuer(uri, { audience: [] })],
    [keySetIssuer(uri, { secret: SECRET })],
    [secretIssuer({ algorithms: ['RS256'] })],
    [secretIssuer({ secret: '' })],
    [secretIssuer({ issuer: 'apikey' })],
    [secretIssuer(), secretIssuer()]
  ]
  for (const jwt of wrong) {
    assert.throws(() => createAuthenticator(settings({ jwt }), { clock: testClock(), fetchJwks: () => assert.fail('fetched') }),
      (error) => error instanceof GatewayError && error.code === 'GW_CONFIG')
  }
})
