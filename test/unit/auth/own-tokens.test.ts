import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { CompactSign, importPKCS8, importSPKI, jwtVerify } from 'jose'
import { createTokenEngine } from '../../../plugins/external/jwt.ts'
import { createAuthenticator, createOwnTokens, createRevocations, tokenKeysFor } from '../../../src/auth/index.ts'
import type { Authenticator, OwnTokens, Revocations } from '../../../src/auth/index.ts'
import type { TokenKeySettings } from '../../../src/shared/settings/auth.ts'
import { AUDIENCE, encode, forge, NOW_S, outcome, present, secretIssuer, secretToken, tenantId, testClock } from './fixtures.ts'
import type { TestClock } from './fixtures.ts'
import { memoryStore } from './memory-store.ts'

const PUBLIC_URL = 'https://gateway.example'

function key (kid: string): TokenKeySettings & { readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { kid, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

const [one, other, foreign] = [key('one'), key('other'), key('one')]

interface Gateway { readonly auth: Authenticator, readonly own: OwnTokens, readonly revocations: Revocations, readonly clock: TestClock }

function gateway (t: TestContext, keys: readonly TokenKeySettings[] = [one], clock = testClock(), store = memoryStore()): Gateway {
  const revocations = createRevocations({ clock, store, isShared: false, whenUnknown: 'deny', onStore: () => undefined })
  const own = createOwnTokens({ issuer: PUBLIC_URL, audience: AUDIENCE, engine: createTokenEngine(() => keys), clock, revocations })
  const auth = createAuthenticator({ apiKeys: [], jwt: [secretIssuer()] }, { clock, own, revocations })
  t.after(() => { auth.close(); revocations.close() })
  return { auth, own, revocations, clock }
}

const forAlice = { tenant: tenantId('acme'), user: 'alice' }

describe('tokens of the gateway\'s own', () => {
  it('are who they were made for, for a quarter of an hour', async (t) => {
    const { auth, own, clock } = gateway(t)
    const { token, jti, expiresInSeconds } = await own.mint({ ...forAlice, scopes: ['tools:read', 'tools:call:a__*'], roles: ['reader'] })
    assert.equal(expiresInSeconds, 900)
    const verdict = await present(auth, token)
    assert.ok(verdict.ok)
    const { issuer, tenant, user, credentialId, scopes, roles, issuedAtMs, expiresAtMs } = verdict.value
    assert.deepEqual({ issuer, tenant, user, credentialId, scopes, roles }, { issuer: PUBLIC_URL, tenant: 'acme', user: 'alice', credentialId: jti, scopes: ['tools:read', 'tools:call:a__*'], roles: ['reader'] })
    assert.deepEqual([issuedAtMs, expiresAtMs], [NOW_S * 1000, (NOW_S + 900 + 60) * 1000])
    clock.advance(959_999)
    assert.equal(await outcome(auth, token), 'accepted')
    clock.advance(1)
    assert.equal(await outcome(auth, token), 'expired')
  })

  it('without scopes and roles have no such claims; with none of them an empty list', async (t) => {
    const { auth, own } = gateway(t)
    const open = await present(auth, (await own.mint(forAlice)).token)
    assert.ok(open.ok)
    assert.deepEqual(['scopes' in open.value, 'roles' in open.value], [false, false])
    const closed = await present(auth, (await own.mint({ ...forAlice, scopes: [], roles: [] })).token)
    assert.ok(closed.ok)
    assert.deepEqual([closed.value.scopes, closed.value.roles], [[], []])
  })

  it('are what other libraries read: EdDSA, at+jwt, kid (RFC 9068)', async (t) => {
    const { own } = gateway(t)
    const { payload, protectedHeader } = await jwtVerify((await own.mint(forAlice)).token, await importSPKI(one.publicPem, 'EdDSA'), { issuer: PUBLIC_URL, audience: AUDIENCE, typ: 'at+jwt', currentDate: new Date(NOW_S * 1000) })
    assert.deepEqual(protectedHeader, { alg: 'EdDSA', typ: 'at+jwt', kid: 'one' })
    assert.deepEqual([payload.sub, payload['tenant'], payload.iat, payload.exp], ['alice', 'acme', NOW_S, NOW_S + 900])
  })

  it('of another gateway with the same keys are accepted; of the older of two keys too; of a removed one not', async (t) => {
    const { token } = await gateway(t, [one]).own.mint(forAlice)
    assert.equal(await outcome(gateway(t, [one]).auth, token), 'accepted')
    assert.equal(await outcome(gateway(t, [other, one]).auth, token), 'accepted')
    assert.equal(await outcome(gateway(t, [other]).auth, token), 'signature')
    assert.equal(await outcome(gateway(t, [foreign]).auth, token), 'signature')
    const { own } = gateway(t, [other, one])
    assert.match(Buffer.from((await own.mint(forAlice)).token.split('.')[0] ?? '', 'base64url').toString(), /"kid":"other"/)
  })

  it('cannot be made by others: no algorithm but EdDSA, no other key, no other issuer\'s (T06)', async (t) => {
    const { auth, own } = gateway(t, [one, other])
    const { token } = await own.mint(forAlice)
    const [, payload = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const signed = async (pem: string, header: Record<string, unknown>, changes: Record<string, unknown> = {}): Promise<string> => await new CompactSign(Buffer.from(JSON.stringify({ ...claims, ...changes }))).setProtectedHeader({ alg: 'EdDSA', kid: 'one', typ: 'at+jwt', ...header }).sign(await importPKCS8(pem, 'EdDSA'))
    assert.equal(await outcome(auth, await signed(one.privateKey, {})), 'accepted')
    const rows: ReadonlyArray<readonly [token: string, reason: string]> = [
      [forge({ alg: 'HS256', kid: 'one', typ: 'at+jwt' }, claims, one.publicPem), 'algorithm'],
      [forge({ alg: 'HS256', kid: 'one', typ: 'at+jwt' }, claims, ` ${one.publicPem}`), 'algorithm'],
      [`${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.${signature}`, 'algorithm'],
      [`${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`, 'malformed'],
      [await signed(foreign.privateKey, {}), 'signature'],
      [await signed(one.privateKey, { kid: 'other' }), 'signature'],
      [await signed(one.privateKey, { kid: 'constructor' }), 'signature'],
      [await signed(one.privateKey, { kid: undefined }), 'unknown_kid'],
      [await signed(one.privateKey, { typ: 'JWT' }), 'claims'],
      [await signed(one.privateKey, {}, { aud: 'https://elsewhere.example' }), 'audience'],
      [await signed(one.privateKey, {}, { aud: PUBLIC_URL }), 'audience'],
      [await signed(one.privateKey, {}, { jti: undefined }), 'claims'],
      [await signed(one.privateKey, {}, { tenant: undefined }), 'claims'],
      [await signed(one.privateKey, {}, { exp: undefined }), 'claims'],
      [await signed(one.privateKey, {}, { roles: { admin: true } }), 'claims'],
      [await signed(one.privateKey, {}, { cnf: { jkt: 'x' } }), 'sender_constrained'],
      [secretToken({ iss: PUBLIC_URL }), 'algorithm']
    ]
    for (const [forged, reason] of rows) assert.equal(await outcome(auth, forged), reason)
    for (const at of [10, payload.length, token.length - 3]) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
      assert.notEqual(await outcome(auth, changed), 'accepted', String(at))
    }
  })

  it('cannot be made without a key; nothing is verified without one either', async (t) => {
    const { auth, own } = gateway(t, [])
    await assert.rejects(own.mint(forAlice), { code: 'GW_INTERNAL' })
    const { token } = await gateway(t).own.mint(forAlice)
    assert.equal(await outcome(auth, token), 'signature')
    const broken = createOwnTokens({ issuer: PUBLIC_URL, audience: AUDIENCE, engine: createTokenEngine(() => { throw new Error('EACCES') }), clock: testClock(), revocations: gateway(t).revocations })
    const unlucky = createAuthenticator({ apiKeys: [], jwt: [] }, { clock: testClock(), own: broken })
    assert.equal(await outcome(unlucky, token), 'signature')
  })
})

describe('revoked own tokens', () => {
  it('by id: that one, at once, although its verdict was remembered', async (t) => {
    const { auth, own, revocations } = gateway(t)
    const [first, second] = [await own.mint(forAlice), await own.mint(forAlice)]
    for (const { token } of [first, second]) assert.equal(await outcome(auth, token), 'accepted')
    const verdict = await present(auth, first.token)
    await revocations.revoke({ kind: 'token', jti: first.jti })
    assert.equal(await outcome(auth, first.token), 'revoked')
    assert.equal(await outcome(auth, second.token), 'accepted')
    assert.ok(verdict.ok)
    assert.equal(auth.isRevoked(verdict.value), true)
  })

  it('by user: all from before, none from after, and nobody else\'s', async (t) => {
    const { auth, own, revocations, clock } = gateway(t)
    const before = await own.mint(forAlice)
    const others = [await own.mint({ ...forAlice, user: 'bob' }), await own.mint({ tenant: tenantId('globex'), user: 'alice' })]
    clock.advance(400)
    await revocations.revoke({ kind: 'user', tenant: 'acme', user: 'alice', atMs: clock.wallMs() })
    const after = await own.mint(forAlice)
    assert.equal(await outcome(auth, before.token), 'revoked')
    assert.equal(await outcome(auth, after.token), 'accepted', 'in the same second')
    for (const { token } of others) assert.equal(await outcome(auth, token), 'accepted')
    clock.advance(5000)
    await revocations.revoke({ kind: 'user', tenant: 'acme', user: 'alice', atMs: clock.wallMs() })
    assert.equal(await outcome(auth, after.token), 'revoked', 'a second time')
    assert.equal(await outcome(auth, secretToken()), 'accepted', 'tokens of others are their issuer\'s to revoke')
  })
})

describe('keys of own tokens', () => {
  const base = { auth: { apiKeys: [], jwt: [] }, mode: 'production', stateDir: '/nonexistent' } as const
  it('are those of the configuration, else derived from the replicas\' secret, else none in production', () => {
    assert.deepEqual(tokenKeysFor({ ...base, auth: { ...base.auth, tokens: { keys: [one] } }, secret: 's'.repeat(32) })?.(), [one])
    const [derived] = tokenKeysFor({ ...base, secret: 's'.repeat(32) })?.() ?? []
    assert.deepEqual(tokenKeysFor({ ...base, secret: 's'.repeat(32) })?.(), [derived], 'the same in every replica')
    assert.notDeepEqual(tokenKeysFor({ ...base, secret: 't'.repeat(32) })?.(), [derived])
    const spki = createPublicKey(derived?.privateKey ?? '').export({ type: 'spki', format: 'der' })
    assert.equal(derived?.kid, createHash('sha256').update(spki).digest('base64url').slice(0, 16))
    assert.equal(tokenKeysFor(base), undefined)
  })

  it('in development is made once, for its owner\'s eyes only', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'drawbridge-keys-'))
    t.after(() => { rmSync(directory, { recursive: true }) })
    const stateDir = join(directory, 'state')
    const read = tokenKeysFor({ ...base, mode: 'development', stateDir })
    assert.throws(() => statSync(stateDir), 'not before it is needed')
    const [made] = read?.() ?? []
    assert.deepEqual(read?.(), [made])
    assert.equal(readFileSync(join(stateDir, 'token-key.pem'), 'utf8'), made?.privateKey)
    assert.equal(statSync(join(stateDir, 'token-key.pem')).mode & 0o777, 0o600)
  })
})
