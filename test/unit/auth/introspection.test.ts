import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { createAuthenticator } from '../../../src/auth/index.ts'
import type { Authenticator } from '../../../src/auth/index.ts'
import type { IntrospectionSettings } from '../../../src/shared/settings/auth.ts'
import { AUDIENCE, authenticator, NOW_S, outcome, present, secretIssuer, secretToken, tenantId, testClock } from './fixtures.ts'
import type { TestClock } from './fixtures.ts'

const AS = 'https://as.example'

/** A real authorization server on loopback that knows these tokens. */
interface As extends AsyncDisposable {
  readonly endpoint: string
  readonly tokens: Map<string, Record<string, unknown>>
  readonly asked: string[]
  readonly heads: IncomingMessage[]
  status: number
  body: string | undefined
  /** Answers wait for it. */
  gate: Promise<void>
}

async function startAs (): Promise<As> {
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const token = new URLSearchParams(body).get('token') ?? ''
      as.asked.push(token)
      as.heads.push(request)
      await as.gate
      response.writeHead(as.status, { 'content-type': 'application/json' }).end(as.body ?? JSON.stringify(as.tokens.get(token) ?? { active: false }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const as: As = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`,
    tokens: new Map(),
    asked: [],
    heads: [],
    status: 200,
    body: undefined,
    gate: Promise.resolve(),
    async [Symbol.asyncDispose] () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
  return as
}

function entry ({ endpoint }: Pick<As, 'endpoint'>, rest: Partial<IntrospectionSettings> = {}): IntrospectionSettings {
  return { issuer: AS, endpoint, clientId: 'gateway id', clientSecret: 'se:cret/+', audience: [AUDIENCE], tenant: tenantId('acme'), tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '', ...rest }
}

function asking (as: As, clock: TestClock = testClock(), rest: Partial<IntrospectionSettings> = {}): Authenticator {
  return createAuthenticator({ apiKeys: [], jwt: [], introspection: [entry(as, rest)] }, { clock })
}

const TOKEN = 'opaque-token-of-some-length'
const active = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({ active: true, iss: AS, aud: AUDIENCE, sub: 'alice', scope: 'tools:read', token_type: 'Bearer', exp: NOW_S + 300, ...changes })

describe('opaque tokens (RFC 7662, T16)', () => {
  it('are what the server says they are; it is asked with the client\'s own credential, once', async () => {
    await using as = await startAs()
    as.tokens.set(TOKEN, active({ client_id: 'app', jti: 'j1' }))
    const auth = asking(as)
    const [one, other] = await Promise.all([present(auth, TOKEN), present(auth, TOKEN)])
    assert.ok(one.ok && other.ok)
    assert.equal(one.value, other.value)
    const { issuer, tenant, user, clientId, credentialId, scopes } = one.value
    assert.deepEqual({ issuer, tenant, user, clientId, credentialId, scopes }, { issuer: AS, tenant: 'acme', user: 'alice', clientId: 'app', credentialId: 'j1', scopes: ['tools:read'] })
    assert.deepEqual(as.asked, [TOKEN])
    const [head] = as.heads
    assert.equal(Buffer.from(head?.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString(), 'gateway+id:se%3Acret%2F%2B')
    assert.equal(head?.method, 'POST')
    auth.close()
  })

  it('that were revoked are refused after 30 s at the latest', async () => {
    await using as = await startAs()
    const clock = testClock()
    as.tokens.set(TOKEN, active())
    const auth = asking(as, clock)
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    as.tokens.delete(TOKEN)
    clock.advance(29_999)
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    clock.advance(1)
    assert.equal(await outcome(auth, TOKEN), 'inactive')
    assert.equal(as.asked.length, 2)
    auth.close()
  })

  const wrong: ReadonlyArray<readonly [what: string, answer: Record<string, unknown>, reason: string]> = [
    ['not active', { active: false }, 'inactive'],
    ['active in words', active({ active: 'true' }), 'introspection_unavailable'],
    ['of another issuer', active({ iss: `${AS}/` }), 'unknown_issuer'],
    ['for another audience', active({ aud: `${AUDIENCE}.evil` }), 'audience'],
    ['for no audience', active({ aud: undefined }), 'audience'],
    ['without an end', active({ exp: undefined }), 'claims'],
    ['that has ended', active({ exp: NOW_S - 61 }), 'expired'],
    ['not yet', active({ nbf: NOW_S + 61 }), 'not_yet_valid'],
    ['of nobody', active({ sub: undefined }), 'claims'],
    ['bound to a key', active({ cnf: { jkt: 'x' } }), 'sender_constrained'],
    ['for DPoP', active({ token_type: 'DPoP' }), 'sender_constrained'],
    ['a refresh token', active({ token_use: 'refresh_token' }), 'claims']
  ]
  for (const [what, answer, reason] of wrong) {
    it(`${what}: ${reason}`, async () => {
      await using as = await startAs()
      as.tokens.set(TOKEN, answer)
      const auth = asking(as)
      assert.equal(await outcome(auth, TOKEN), reason)
      auth.close()
    })
  }

  it('of a server that is down: 503 and never accepted; it is left alone for a while, then asked again', async () => {
    await using as = await startAs()
    const clock = testClock()
    as.tokens.set(TOKEN, active())
    const auth = asking(as, clock)
    for (const [status, body] of [[500, undefined], [401, undefined], [302, undefined], [200, '<html>'], [200, '[]'], [200, '{}'], [200, `{"active":true,"x":"${'x'.repeat(70_000)}"}`]] as const) {
      Object.assign(as, { status, body })
      assert.equal(await outcome(auth, TOKEN), 'introspection_unavailable', body?.slice(0, 20))
      clock.advance(15_000)
    }
    const asked = as.asked.length
    assert.equal(await outcome(auth, TOKEN), 'introspection_unavailable')
    Object.assign(as, { status: 200, body: undefined })
    for (let at = 0; at < 50; at++) assert.equal(await outcome(auth, `${TOKEN}-${at}`), 'introspection_unavailable', 'not asked')
    assert.equal(as.asked.length, asked + 1)
    clock.advance(15_000)
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    auth.close()
  })

  it('that was accepted stays so for its 30 s when the server goes down, and no longer', async () => {
    await using as = await startAs()
    const clock = testClock()
    as.tokens.set(TOKEN, active())
    const auth = asking(as, clock)
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    as.status = 503
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    clock.advance(30_000)
    assert.equal(await outcome(auth, TOKEN), 'introspection_unavailable')
    auth.close()
  })

  it('are never more than 64 questions at a time', async () => {
    await using as = await startAs()
    const gate = Promise.withResolvers<void>()
    as.gate = gate.promise
    const auth = asking(as)
    const outcomes = Array.from({ length: 80 }, (_, at) => outcome(auth, `${TOKEN}-${at}`))
    assert.deepEqual(new Set(await Promise.all(outcomes.slice(64))), new Set(['introspection_unavailable']))
    gate.resolve()
    assert.deepEqual(new Set(await Promise.all(outcomes.slice(0, 64))), new Set(['inactive']))
    assert.equal(as.asked.length, 64)
    auth.close()
  })

  it('what is no token is not worth a question', async () => {
    await using as = await startAs()
    const auth = asking(as)
    for (const odd of ['short', 'x'.repeat(8193), 'with-a-\u0001-control-character']) assert.notEqual(await outcome(auth, odd), 'accepted')
    assert.equal(as.asked.length, 0)
    auth.close()
  })
})

describe('whom a token is shown to', () => {
  it('the server whose tokens begin so, else the one without a prefix, and nobody else', async () => {
    await using one = await startAs()
    await using other = await startAs()
    const auth = createAuthenticator({ apiKeys: [], jwt: [secretIssuer()], introspection: [entry(one, { issuer: 'https://one.example', tokenPrefix: 'one_' }), entry(other, { userPrefix: 'o-' })] }, { clock: testClock() })
    one.tokens.set('one_token-of-some-length', active({ iss: undefined }))
    other.tokens.set(TOKEN, active())
    assert.equal(await outcome(auth, 'one_token-of-some-length'), 'accepted')
    assert.equal(await outcome(auth, TOKEN), 'accepted')
    assert.equal(await outcome(auth, secretToken()), 'accepted')
    assert.equal(await outcome(auth, secretToken({ iss: 'https://elsewhere.example' })), 'unknown_issuer')
    assert.equal(await outcome(auth, secretToken({ iss: undefined })), 'unknown_issuer')
    assert.equal(await outcome(auth, `${secretToken().slice(0, -2)}AA`), 'signature')
    assert.deepEqual([one.asked, other.asked], [['one_token-of-some-length'], [TOKEN]])
    auth.close()
  })

  it('a JWT of an issuer that is to be asked is shown to that issuer', async () => {
    await using as = await startAs()
    const token = secretToken({ iss: AS })
    as.tokens.set(token, active())
    const auth = asking(as, testClock(), { tokenPrefix: 'never_' })
    assert.equal(await outcome(auth, token), 'accepted')
    assert.deepEqual(as.asked, [token])
    auth.close()
  })

  it('without such a server an opaque token is malformed', async () => {
    assert.equal(await outcome(authenticator([secretIssuer()]), TOKEN), 'malformed')
  })

  it('users of another issuer\'s prefix are nobody to it (T04)', async () => {
    await using as = await startAs()
    as.tokens.set(TOKEN, active({ sub: 'b-alice' }))
    const auth = createAuthenticator({ apiKeys: [], jwt: [secretIssuer({ userPrefix: 'b-' })], introspection: [entry(as)] }, { clock: testClock() })
    assert.equal(await outcome(auth, TOKEN), 'claims')
    auth.close()
  })
})
