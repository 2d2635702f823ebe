/** T12: a verdict is that of one whole token; whatever shares a part of it is looked at by itself. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { send } from '../../helpers/http-exchange.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { AUDIENCE, encode, ISSUER, jwksServer, sign, signingKey, type JwksServer } from '../../unit/auth/fixtures.ts'

const MANAGEMENT = '6f0c2b7d915e48a3b1d2c4f7a8091e5c'
const key = await signingKey('one')
const nowS = Math.floor(Date.now() / 1000)

describe('a token whose verdict is remembered', () => {
  let idp: JwksServer
  let gateway: TestGateway
  before(async () => {
    idp = await jwksServer(key)
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }],
      env: { DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT },
      config: { mcpServers: { probe: probe() }, auth: { jwt: [{ issuer: ISSUER, audience: AUDIENCE, jwksUri: idp.url, algorithms: ['RS256'], tenants: ['acme', 'globex'] }] }, limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway.stop()
    await idp[Symbol.asyncDispose]()
  })

  const status = async (token: string): Promise<number> => (await send(`${gateway.url}/status`, { headers: { authorization: `Bearer ${token}` } })).status
  const tokenOf = (sub: string, tenant = 'acme'): Promise<string> => sign(key, { sub, tenant, exp: nowS + 300, iat: nowS })

  /** Every one of these in turn, with the good one before and after it. */
  async function noneOf (good: string, forged: Iterable<string>): Promise<void> {
    assert.equal(await status(good), 200)
    let tried = 0
    for (const token of forged) {
      if (token === good) continue
      tried++
      assert.equal(await status(token), 401, token)
    }
    assert.ok(tried > 0)
    assert.equal(await status(good), 200)
  }

  it('says nothing about one that differs in any place', async () => {
    const good = await tokenOf('alice')
    const places = [0, 1, 5, Math.floor(good.length / 3), Math.floor(good.length / 2), good.indexOf('.') + 1, good.lastIndexOf('.') - 1, good.lastIndexOf('.') + 1, good.length - 2, good.length - 1]
    await noneOf(good, places.flatMap((at) => ['A', 'B', '_'].map((letter) => `${good.slice(0, at)}${letter}${good.slice(at + 1)}`)))
    await noneOf(good, [`${good}A`, `${good}=`, `${good}.`, good.slice(0, -1), `${good}.${good}`])
  })

  it('nor about parts of two: another payload under the same header and signature, another header over the same payload', async () => {
    const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob', 'globex')]
    assert.equal(await status(bob), 200)
    const [header = '', payload = '', signature = ''] = alice.split('.')
    const [, otherPayload = '', otherSignature = ''] = bob.split('.')
    await noneOf(alice, [`${header}.${otherPayload}.${signature}`, `${header}.${payload}.${otherSignature}`, `${encode({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${payload}.${signature}`, `${encode({ alg: 'none' })}.${payload}.${signature}`])
  })

  it('the same for the gateway\'s own tokens and for keys', async () => {
    const issued = await send(`${gateway.managementUrl}/admin/tokens`, { body: { tenant: 'acme', user: 'dana' }, headers: { authorization: `Bearer ${MANAGEMENT}` } })
    const { token } = JSON.parse(issued.body()) as { token: string }
    const { text } = gateway.keyOf('alice')
    for (const good of [token, text]) {
      const places = [4, Math.floor(good.length / 2), good.length - 3]
      await noneOf(good, places.map((at) => `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`))
    }
  })

  it('two tokens of one form are two callers, however they take turns', async () => {
    const tokens = await Promise.all([tokenOf('alice'), tokenOf('alicf'), tokenOf('alice', 'globex')])
    for (let round = 0; round < 3; round++) for (const token of tokens) assert.equal(await status(token), 200)
  })
})
