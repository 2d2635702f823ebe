import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAuthenticator } from '../../../src/auth/index.ts'
import { apiKey, secretIssuer, secretToken, settings, testClock } from './fixtures.ts'

const KEY = 'db_k1_GEdYgmbdUhLNVBvkOWqyzIFd3ohAeRbEIAZkLgEfUdM'
const auth = createAuthenticator(settings({ apiKeys: [apiKey('k1', KEY)], jwt: [secretIssuer()] }), { clock: testClock() })

async function outcome (headers: readonly string[], url = '/mcp'): Promise<string> {
  const verdict = await auth.authenticate(headers, url)
  return verdict.ok ? 'accepted' : `${verdict.error.code} ${verdict.error.reason}`
}

type Row = readonly [title: string, headers: readonly string[], expected: string]

describe('the one credential', () => {
  const token = secretToken()
  const rows: readonly Row[] = [
    ['a key as Bearer', ['Authorization', `Bearer ${KEY}`], 'accepted'],
    ['a key as X-API-Key', ['X-API-Key', KEY], 'accepted'],
    ['a token as Bearer', ['authorization', `bearer ${token}`], 'accepted'],
    ['any case of scheme and name', ['AUTHORIZATION', `bEaReR ${KEY}`], 'accepted'],
    ['several spaces', ['Authorization', `Bearer   ${KEY}`], 'accepted'],
    ['among other headers', ['Host', 'a', 'Cookie', 'token=x', 'x-api-key', KEY, 'Last-Event-ID', '1'], 'accepted'],
    ['none', ['Host', 'a'], 'GW_AUTH_REQUIRED missing'],
    ['a cookie', ['Cookie', `access_token=${KEY}`], 'GW_AUTH_REQUIRED missing'],
    ['headers that claim an identity (T26)', ['X-User-ID', 'alice', 'X-Tenant-ID', 'acme', 'X-Forwarded-User', 'alice'], 'GW_AUTH_REQUIRED missing'],
    ['empty Authorization', ['Authorization', ''], 'GW_AUTH_REQUIRED missing'],
    ['empty Bearer', ['Authorization', 'Bearer'], 'GW_AUTH_REQUIRED missing'],
    ['empty Bearer with spaces', ['Authorization', 'Bearer   '], 'GW_AUTH_REQUIRED missing'],
    ['empty X-API-Key', ['X-API-Key', ''], 'GW_AUTH_REQUIRED missing'],
    ['Basic', ['Authorization', 'Basic eDp5'], 'GW_AUTH_REQUIRED scheme'],
    ['DPoP', ['Authorization', `DPoP ${token}`], 'GW_AUTH_REQUIRED scheme'],
    ['no scheme', ['Authorization', KEY], 'GW_AUTH_REQUIRED scheme'],
    ['a tab after the scheme', ['Authorization', `Bearer\t${KEY}`], 'GW_AUTH_REQUIRED scheme'],
    ['a made-up key (T04)', ['Authorization', 'Bearer sk-fake'], 'GW_AUTH_INVALID malformed'],
    ['a made-up token (T04)', ['Authorization', 'Bearer gho_x'], 'GW_AUTH_INVALID malformed'],
    ['a token as X-API-Key', ['X-API-Key', token], 'GW_AUTH_INVALID malformed'],
    ['comma-joined tokens', ['Authorization', `Bearer ${token}, ${token}`], 'GW_AUTH_INVALID malformed'],
    ['comma-joined keys', ['X-API-Key', `${KEY}, ${KEY}`], 'GW_AUTH_INVALID wrong_secret'],
    ['comma-joined credentials', ['Authorization', `Bearer ${token}, Bearer ${token}`], 'GW_AUTH_INVALID malformed'],
    ['something behind the token', ['Authorization', `Bearer ${token} x`], 'GW_AUTH_INVALID malformed'],
    ['8,193 bytes', ['Authorization', `Bearer ${'x'.repeat(8193)}`], 'GW_AUTH_INVALID too_large'],
    ['64 KB', ['X-API-Key', `db_k1_${'x'.repeat(65_536)}`], 'GW_AUTH_INVALID too_large']
  ]
  for (const [title, headers, expected] of rows) it(`${title}: ${expected}`, async () => assert.equal(await outcome(headers), expected))
})

describe('more than one credential is ambiguous, whichever is valid (T27)', () => {
  const other = KEY.replace('k1', 'k2')
  const rows: readonly Row[] = [
    ['two Authorization', ['Authorization', `Bearer ${KEY}`, 'Authorization', `Bearer ${other}`], ''],
    ['the other order', ['Authorization', `Bearer ${other}`, 'Authorization', `Bearer ${KEY}`], ''],
    ['identical', ['Authorization', `Bearer ${KEY}`, 'authorization', `Bearer ${KEY}`], ''],
    ['Bearer and Basic', ['Authorization', 'Basic eDp5', 'Authorization', `Bearer ${KEY}`], ''],
    ['both casings of X-API-Key, as some clients send it', ['X-API-Key', KEY, 'x-api-key', KEY], ''],
    ['two different X-API-Key', ['X-API-Key', KEY, 'x-api-key', other], ''],
    ['Authorization and X-API-Key', ['Authorization', `Bearer ${KEY}`, 'X-API-Key', KEY], ''],
    ['X-API-Key and Authorization', ['X-API-Key', KEY, 'Authorization', 'Basic eDp5'], ''],
    ['an empty one counts', ['X-API-Key', KEY, 'Authorization', ''], '']
  ]
  for (const [title, headers] of rows) it(title, async () => assert.equal(await outcome(headers), 'GW_AUTH_AMBIGUOUS ambiguous'))
})

describe('a credential in the query is refused, with and without one in a header', () => {
  const urls = ['access_token', 'ACCESS_TOKEN', 'token', 'api_key', 'apiKey', 'api-key', 'key', 'jwt', 'access%5Ftoken', 'x=1&token'].map((name) => `/mcp?${name}=${KEY}`)
  for (const url of [...urls, '/mcp?token', '/mcp?token=', '/mcp?x=%zz&token=1']) {
    it(url.slice(0, 30), async () => {
      assert.equal(await outcome([], url), 'GW_AUTH_AMBIGUOUS in_query')
      assert.equal(await outcome(['X-API-Key', KEY], url), 'GW_AUTH_AMBIGUOUS in_query')
    })
  }
  it('other parameters pass', async () => {
    for (const url of ['/messages/?session_id=abc', '/mcp?', '/mcp?tokens=1&keys=2&monkey=3', '/token/key?x=token']) {
      assert.equal(await outcome(['X-API-Key', KEY], url), 'accepted', url)
    }
  })
})

it('a refusal is one frozen object per reason', async () => {
  const [first, second] = [await auth.authenticate([], '/'), await auth.authenticate([], '/other')]
  assert.equal(first, second)
  assert.ok(!first.ok && Object.isFrozen(first.error))
})
