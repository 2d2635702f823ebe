/** T06: no token that the issuer, or the gateway itself, did not sign, whatever its header says; and nobody a header names is asked. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { CompactSign, exportSPKI, importPKCS8 } from 'jose'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { send } from '../../helpers/http-exchange.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { AUDIENCE, claims, encode, forge, ISSUER, jwksServer, sign, signingKey, type JwksServer } from '../../unit/auth/fixtures.ts'

const PUBLIC_URL = 'http://gateway.test'
const [rsa, strange, ec] = await Promise.all([signingKey('rsa'), signingKey('rsa'), signingKey('ec', 'ES256')])
const own = generateKeyPairSync('ed25519')
const nowS = Math.floor(Date.now() / 1000)
const now = { exp: nowS + 300, iat: nowS }

describe('tokens that nobody signed', () => {
  let idp: JwksServer
  let canary: JwksServer
  let gateway: TestGateway
  before(async () => {
    idp = await jwksServer(rsa, ec)
    canary = await jwksServer(strange)
    gateway = await startGateway({
      env: { OWN_KEY: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      config: {
        mcpServers: { probe: probe() },
        http: { publicUrl: PUBLIC_URL },
        auth: { jwt: [{ issuer: ISSUER, audience: AUDIENCE, jwksUri: idp.url, algorithms: ['RS256'], tenant: 'acme' }], tokens: { keys: [{ kid: 'own', privateKeyEnv: 'OWN_KEY' }] } },
        limits: roomyLimits
      }
    })
  })
  after(async () => {
    await gateway.stop()
    await idp[Symbol.asyncDispose]()
    await canary[Symbol.asyncDispose]()
  })

  async function refused (token: string, what: string): Promise<void> {
    const answer = await send(`${gateway.url}/status`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 401, what)
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"', what)
  }

  it('the issuer\'s own are taken, so that the others are refused for a reason', async () => {
    assert.equal((await send(`${gateway.url}/status`, { headers: { authorization: `Bearer ${await sign(rsa, now)}` } })).status, 200)
  })

  it('without a signature, in any spelling of none', async () => {
    const good = await sign(rsa, now)
    const [, payload = '', signature = ''] = good.split('.')
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, ['RS256']]) {
      await refused(`${encode({ alg, kid: 'rsa' })}.${payload}.${signature}`, `alg ${String(alg)}`)
      await refused(`${encode({ alg, kid: 'rsa' })}.${payload}.`, `alg ${String(alg)}, no signature`)
    }
  })

  it('with the public key as a shared secret, in every way that it is written', async () => {
    const pem = await exportSPKI(rsa.publicKey)
    for (const secret of [pem, pem.trim(), ` ${pem}`, `\n${pem}`, JSON.stringify(rsa.jwk)]) {
      for (const alg of ['HS256', 'HS384', 'HS512']) await refused(forge({ alg, kid: 'rsa', typ: 'at+jwt' }, claims(now), secret), alg)
    }
  })

  it('by a key that the header brings or names: it is neither trusted nor fetched', async () => {
    const hits = canary.hits
    const brought = [{ jwk: strange.jwk }, { jku: canary.url }, { x5u: canary.url }, { x5c: ['MIIB'] }, { jku: canary.url, kid: canary.url }, { crit: ['exp'], exp: 1 }]
    for (const header of brought) {
      const token = await new CompactSign(Buffer.from(JSON.stringify(claims(now)))).setProtectedHeader({ alg: 'RS256', kid: 'rsa', typ: 'at+jwt', ...header as object }).sign(strange.privateKey, { crit: { exp: true } })
      await refused(token, Object.keys(header).join())
    }
    assert.equal(canary.hits, hits)
  })

  it('by an algorithm that the issuer does not list, although its key is published', async () => {
    await refused(await sign(ec, now), 'ES256')
  })

  it('in the gateway\'s own name', async () => {
    const payload = { iss: PUBLIC_URL, aud: PUBLIC_URL, sub: 'alice', tenant: 'acme', jti: 'x', ...now }
    const bytes = Buffer.from(JSON.stringify(payload))
    const right = await importPKCS8(own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'EdDSA')
    const signed = async (header: Record<string, unknown>, key = right): Promise<string> => await new CompactSign(bytes).setProtectedHeader({ alg: 'EdDSA', kid: 'own', typ: 'at+jwt', ...header }).sign(key)
    assert.equal((await send(`${gateway.url}/status`, { headers: { authorization: `Bearer ${await signed({})}` } })).status, 200)
    const wrong = await importPKCS8(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'EdDSA')
    const publicPem = own.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    await refused(await signed({}, wrong), 'another key')
    await refused(await signed({ kid: '__proto__' }), 'kid __proto__')
    await refused(await signed({ kid: undefined }), 'no kid')
    await refused(await signed({ typ: 'JWT' }), 'another type')
    for (const secret of [publicPem, ` ${publicPem}`]) await refused(forge({ alg: 'HS256', kid: 'own', typ: 'at+jwt' }, payload, secret), 'HS256')
    await refused(`${encode({ alg: 'none', kid: 'own', typ: 'at+jwt' })}.${encode(payload)}.AAAA`, 'none')
    await refused(await new CompactSign(bytes).setProtectedHeader({ alg: 'RS256', kid: 'rsa', typ: 'at+jwt' }).sign(rsa.privateKey), 'the other issuer\'s key')
  })
})
