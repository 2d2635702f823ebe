import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JwtIssuerSettings } from '../../../src/shared/settings/auth.ts'
import { AUDIENCE, authenticator, claims, forge, ISSUER, NOW_S, outcome, present, secretIssuer, secretToken, tenantId } from './fixtures.ts'

type Row = readonly [title: string, changes: Record<string, unknown>, expected: string]

function rows (title: string, issuer: Partial<JwtIssuerSettings>, table: readonly Row[]): void {
  describe(title, () => {
    for (const [what, changes, expected] of table) {
      it(`${what}: ${expected}`, async () => assert.equal(await outcome(authenticator([secretIssuer(issuer)]), secretToken(changes)), expected))
    }
  })
}

rows('issuer and audience (T09)', { audience: [AUDIENCE, 'drawbridge'] }, [
  ['as configured', {}, 'accepted'],
  ['the other audience', { aud: 'drawbridge' }, 'accepted'],
  ['one of several', { aud: ['https://other.example', AUDIENCE] }, 'accepted'],
  ['no audience', { aud: undefined }, 'audience'],
  ['empty list', { aud: [] }, 'audience'],
  ['another audience', { aud: 'https://host.evil' }, 'audience'],
  ['a prefix of ours', { aud: AUDIENCE.slice(0, -1) }, 'audience'],
  ['ours is a prefix', { aud: `${AUDIENCE}.evil` }, 'audience'],
  ['trailing slash', { aud: `${AUDIENCE}/` }, 'audience'],
  ['other case', { aud: AUDIENCE.toUpperCase() }, 'audience'],
  ['nested list', { aud: [[AUDIENCE]] }, 'audience'],
  ['an object', { aud: { [AUDIENCE]: true } }, 'audience'],
  ['issuer with a trailing slash', { iss: `${ISSUER}/` }, 'unknown_issuer'],
  ['issuer in a list', { iss: [ISSUER] }, 'unknown_issuer'],
  ['no issuer', { iss: undefined }, 'unknown_issuer'],
  ['an inherited name as issuer', { iss: 'constructor' }, 'unknown_issuer']
])

rows('time (T10)', {}, [
  ['60 s ago, within the skew', { exp: NOW_S - 59 }, 'accepted'],
  ['60 s ago, at its end', { exp: NOW_S - 60 }, 'expired'],
  ['61 s ago', { exp: NOW_S - 61 }, 'expired'],
  ['0', { exp: 0 }, 'expired'],
  ['negative', { exp: -1 }, 'expired'],
  ['no exp', { exp: undefined }, 'claims'],
  ['exp as text', { exp: String(NOW_S + 300) }, 'claims'],
  ['exp null', { exp: null }, 'claims'],
  ['exp beyond the year 9999', { exp: 1e15 }, 'claims'],
  ['nbf in 61 s', { nbf: NOW_S + 61 }, 'not_yet_valid'],
  ['nbf in 60 s', { nbf: NOW_S + 60 }, 'accepted'],
  ['nbf as text', { nbf: '0' }, 'claims'],
  ['iat in 61 s', { iat: NOW_S + 61 }, 'not_yet_valid'],
  ['iat null', { iat: null }, 'claims'],
  ['no iat', { iat: undefined }, 'accepted'],
  ['fractions of a second', { exp: NOW_S + 0.5, iat: NOW_S - 0.5 }, 'accepted']
])

it('1e400 as exp is refused (T10)', async () => {
  const token = forge({ alg: 'HS256' }, JSON.stringify(claims({ exp: 0 })).replace('"exp":0', '"exp":1e400'))
  assert.equal(await outcome(authenticator([secretIssuer()]), token), 'claims')
})

rows('purpose (T09, T15)', {}, [
  ['ID token with at_hash', { at_hash: 'x' }, 'claims'],
  ['ID token with c_hash', { c_hash: 'x' }, 'claims'],
  ['Keycloak ID token', { typ: 'ID' }, 'claims'],
  ['Keycloak refresh token', { typ: 'Refresh' }, 'claims'],
  ['Keycloak access token', { typ: 'Bearer' }, 'accepted'],
  ['Cognito ID token', { token_use: 'id' }, 'claims'],
  ['Cognito access token', { token_use: 'access' }, 'accepted'],
  ['a nonce alone', { nonce: 'x' }, 'accepted'],
  ['DPoP-bound', { cnf: { jkt: 'x' } }, 'sender_constrained'],
  ['mTLS-bound', { cnf: { 'x5t#S256': 'x' } }, 'sender_constrained'],
  ['cnf null', { cnf: null }, 'sender_constrained']
])

describe('header type of an issuer that always writes at+jwt (RFC 9068)', () => {
  for (const [typ, expected] of [['at+jwt', 'accepted'], ['application/AT+JWT', 'accepted'], ['JWT', 'claims'], [undefined, 'claims'], ['id+jwt', 'claims']] as const) {
    it(`${typ}: ${expected}`, async () => assert.equal(await outcome(authenticator([secretIssuer({ atJwtOnly: true })]), secretToken({}, { typ })), expected))
  }
})

describe('header type', () => {
  const table = { JWT: true, jwt: true, 'at+jwt': true, 'application/AT+JWT': true, 'id_token+jwt': false, 'dpop+jwt': false, 'logout+jwt': false, JOSE: false, '': false }
  for (const [typ, accepted] of Object.entries(table)) {
    it(`${typ}: ${accepted}`, async () => assert.equal(await outcome(authenticator([secretIssuer()]), secretToken({}, { typ })), accepted ? 'accepted' : 'claims'))
  }
  it('absent: true; not a string: false', async () => {
    assert.equal(await outcome(authenticator([secretIssuer()]), forge({ alg: 'HS256' }, claims())), 'accepted')
    assert.equal(await outcome(authenticator([secretIssuer()]), secretToken({}, { typ: null })), 'claims')
  })
})

const { tenant, ...claimed } = secretIssuer()
const free = (changes: Partial<JwtIssuerSettings>) => authenticator([{ ...claimed, ...changes }])
const named = { tenants: ['acme', 'globex'].map(tenantId) }

describe('tenant', () => {
  const table: ReadonlyArray<readonly [changes: Record<string, unknown>, expected: string]> = [
    [{ tenant: 'acme' }, 'accepted'], [{ tenant: 'globex' }, 'accepted'], [{ tenant: 'initech' }, 'tenant'], [{}, 'tenant'],
    [{ tenant: '' }, 'tenant'], [{ tenant: null }, 'tenant'], [{ tenant: ['acme'] }, 'tenant'], [{ tenant: 'ACME' }, 'tenant'], [{ tenant: 1 }, 'tenant']
  ]
  for (const [changes, expected] of table) {
    it(`${JSON.stringify(changes)}: ${expected}`, async () => {
      const verdict = await present(free(named), secretToken(changes))
      assert.equal(verdict.ok ? 'accepted' : verdict.error.reason, expected)
      if (verdict.ok) assert.equal(verdict.value.tenant, changes['tenant'])
      else assert.equal(verdict.error.code, 'GW_AUTH_TENANT')
    })
  }

  it('an empty list allows none', async () => assert.equal(await outcome(free({ tenants: [] }), secretToken({ tenant: 'acme' })), 'tenant'))

  it('without a list any name is believed, but none is no tenant', async () => {
    assert.equal(await outcome(free({}), secretToken({ tenant: 'anyone' })), 'accepted')
    for (const wrong of ['', 'a\nb', 'x'.repeat(257), '\ud800', undefined]) assert.equal(await outcome(free({}), secretToken({ tenant: wrong })), 'tenant', JSON.stringify(wrong))
  })

  it('a fixed one is not overruled by a claim, and a claim name is a name and not a path', async () => {
    const fixed = await present(authenticator([secretIssuer()]), secretToken({ tenant: 'globex' }))
    assert.ok(fixed.ok)
    assert.equal(fixed.value.tenant, 'acme')
    assert.equal(await outcome(free({ ...named, tenantClaim: 'https://acme.example/tenant' }), secretToken({ 'https://acme.example/tenant': 'acme' })), 'accepted')
    assert.equal(await outcome(free({ tenantClaim: 'constructor' }), secretToken()), 'tenant')
  })
})

describe('user', () => {
  for (const sub of [undefined, '', null, 7, ['alice'], { name: 'alice' }, 'a\u0000b', 'x'.repeat(257), 'a\udc00']) {
    it(`${JSON.stringify(sub)?.slice(0, 20)} is nobody`, async () => {
      const verdict = await present(authenticator([secretIssuer()]), secretToken({ sub }))
      assert.ok(!verdict.ok)
      assert.deepEqual(verdict.error, { code: 'GW_AUTH_INVALID', reason: 'claims' })
    })
  }

  it('comes from the configured claim, behind the prefix', async () => {
    const verdict = await present(authenticator([secretIssuer({ userClaim: 'email', userPrefix: 'b-' })]), secretToken({ email: 'Zoë@acme.example' }))
    assert.ok(verdict.ok)
    assert.equal(verdict.value.user, 'b-Zoë@acme.example')
  })

  it('cannot be a name that another issuer of the tenant gives its users (T04)', async () => {
    const plain = { issuer: 'plain' }
    const users = async (first: Partial<JwtIssuerSettings>, sub: string): Promise<unknown> => {
      const auth = authenticator([secretIssuer({ ...plain, ...first }), secretIssuer({ issuer: 'prefixed', userPrefix: 'b-' })])
      const theirs = await present(auth, secretToken({ iss: 'prefixed', sub: 'alice' }))
      assert.ok(theirs.ok)
      assert.equal(theirs.value.user, 'b-alice')
      const verdict = await present(auth, secretToken({ iss: 'plain', sub, tenant: 'acme' }))
      return verdict.ok ? verdict.value.user : verdict.error.reason
    }
    const free = Object.fromEntries(Object.entries(secretIssuer(plain)).filter(([name]) => name !== 'tenant'))
    assert.equal(await users({}, 'b-alice'), 'claims')
    assert.equal(await users({ userPrefix: 'b' }, '-alice'), 'claims')
    assert.equal(await users({ userPrefix: 'b' }, 'alice'), 'balice')
    assert.equal(await users({}, 'bob'), 'bob')
    assert.equal(await users({ tenant: tenantId('globex') }, 'b-alice'), 'b-alice', 'of another tenant it is nobody else')
    for (const tenants of [undefined, [tenantId('acme'), tenantId('globex')]]) {
      const auth = authenticator([{ ...free as unknown as JwtIssuerSettings, ...(tenants === undefined ? {} : { tenants }) }, secretIssuer({ issuer: 'prefixed', userPrefix: 'b-' })])
      assert.equal(await outcome(auth, secretToken({ iss: 'plain', sub: 'b-alice', tenant: 'acme' })), 'claims')
    }
  })
})

describe('scopes', () => {
  const table: ReadonlyArray<readonly [scope: unknown, expected: readonly string[] | undefined | 'claims']> = [
    [undefined, undefined], ['', []], ['tools:read', ['tools:read']], ['a  b', ['a', 'b']], [['a', 'b c'], ['a', 'b c']], [[], []],
    [null, 'claims'], [7, 'claims'], [{}, 'claims'], [['a', 1], 'claims']
  ]
  for (const [scope, expected] of table) {
    it(`${JSON.stringify(scope)}: ${JSON.stringify(expected)}`, async () => {
      const verdict = await present(authenticator([secretIssuer({ scopeClaim: 'scp' })]), secretToken({ scp: scope, scope: 'never:read' }))
      assert.deepEqual(verdict.ok ? verdict.value.scopes : verdict.error.reason, expected)
    })
  }
})

it('names the client and the token for sessions and audit', async () => {
  const auth = authenticator([secretIssuer()])
  const full = await present(auth, secretToken({ client_id: 'web', azp: 'other', jti: 'j1' }))
  const bare = await present(auth, secretToken())
  assert.ok(full.ok && bare.ok)
  assert.deepEqual([full.value.clientId, full.value.credentialId, full.value.expiresAtMs], ['web', 'j1', (NOW_S + 360) * 1000])
  assert.equal(bare.value.clientId, '')
  assert.match(bare.value.credentialId, /^sha256:[\w-]{16}$/)
  assert.notEqual(full.value.ownerKey, bare.value.ownerKey)
})

it('names that only look alike when joined stay apart', async () => {
  const auth = free({})
  const one = await present(auth, secretToken({ tenant: 'a","b', sub: 'c' }))
  const two = await present(auth, secretToken({ tenant: 'a', sub: 'b","c' }))
  assert.ok(one.ok && two.ok)
  assert.notEqual(one.value.userKey, two.value.userKey)
  assert.notEqual(one.value.ownerKey, two.value.ownerKey)
})
