import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRecentMap } from '../../../src/auth/recent-map.ts'
import { createVerdicts } from '../../../src/auth/verdicts.ts'
import { refused } from '../../../src/auth/refused.ts'
import { authenticator, keySetIssuer, NOW_S, outcome, present, secretIssuer, secretToken, sign, signingKey, testClock } from './fixtures.ts'

const headers = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`]

describe('cached verdicts', () => {
  it('answer in the same turn with the same principal', async () => {
    const auth = authenticator([secretIssuer()])
    const token = secretToken()
    const first = auth.authenticate(headers(token), '/')
    assert.ok(first instanceof Promise)
    const verdict = await first
    const second = auth.authenticate(headers(token), '/')
    assert.ok(!(second instanceof Promise))
    assert.equal(second, verdict)
  })

  it('of parallel first requests are made once', async () => {
    const auth = authenticator([secretIssuer()])
    const token = secretToken()
    const first = auth.authenticate(headers(token), '/')
    assert.ok(first instanceof Promise)
    const second = auth.authenticate(headers(token), '/')
    assert.ok(second instanceof Promise && (await first).ok)
    assert.equal(await second, await first)
  })

  it('are checked again after 60 s, and the same token stays the same principal', async () => {
    const clock = testClock()
    const auth = authenticator([secretIssuer()], { clock })
    const token = secretToken()
    const first = await present(auth, token)
    clock.advance(59_999)
    assert.ok(!(auth.authenticate(headers(token), '/') instanceof Promise))
    clock.advance(1)
    const again = auth.authenticate(headers(token), '/')
    assert.ok(again instanceof Promise)
    const second = await again
    assert.ok(first.ok && second.ok)
    assert.equal(first.value, second.value)
  })

  it('end with the token (T10)', async () => {
    const clock = testClock()
    const auth = authenticator([secretIssuer()], { clock })
    const token = secretToken({ exp: NOW_S - 30 })
    assert.equal(await outcome(auth, token), 'accepted')
    clock.advance(29_999)
    assert.equal(await outcome(auth, token), 'accepted')
    clock.advance(1)
    assert.equal(await outcome(auth, token), 'expired')
  })

  it('follow the date forward, and are not lengthened by one set back (FR36)', async () => {
    const clock = testClock()
    const auth = authenticator([secretIssuer()], { clock })
    const token = secretToken({ iat: undefined })
    assert.equal(await outcome(auth, token), 'accepted')
    clock.stepWall(3_600_000)
    assert.equal(await outcome(auth, token), 'expired')
    clock.stepWall(-3_600_000)
    clock.advance(5_000)
    assert.equal(await outcome(auth, token), 'accepted')
    clock.stepWall(-3_600_000)
    clock.advance(60_000)
    assert.ok(auth.authenticate(headers(token), '/') instanceof Promise)
  })

  it('of refused tokens answer in the same turn for 5 s', async () => {
    const clock = testClock()
    const auth = authenticator([secretIssuer()], { clock })
    const token = secretToken({ aud: 'other' })
    assert.equal(await outcome(auth, token), 'audience')
    const again = auth.authenticate(headers(token), '/')
    assert.ok(!(again instanceof Promise) && !again.ok)
    assert.equal(again.error.reason, 'audience')
    clock.advance(5_000)
    assert.ok(auth.authenticate(headers(token), '/') instanceof Promise)
  })

  it('never keep a refusal that time or a new key may lift', async () => {
    const clock = testClock()
    const key = await signingKey('new')
    const old = await signingKey('old')
    let published = [old.jwk]
    const auth = authenticator([secretIssuer({ issuer: 'backend' }), keySetIssuer('https://idp.example/jwks')], { clock, fetchJwks: async () => ({ keys: published }) })
    const early = secretToken({ iss: 'backend', nbf: NOW_S + 61 })
    assert.equal(await outcome(auth, early), 'not_yet_valid')
    const token = await sign(key)
    assert.equal(await outcome(auth, token), 'unknown_kid')
    published = [key.jwk]
    clock.advance(30_000)
    assert.equal(await outcome(auth, early), 'accepted')
    assert.equal(await outcome(auth, token), 'accepted')
    auth.close()
  })

  it('a flood of made-up tokens drives no accepted one out', async () => {
    const verdicts = createVerdicts(testClock())
    const accepted = { verdict: await present(authenticator([secretIssuer()]), secretToken()) }
    verdicts.set('accepted', accepted)
    for (let i = 0; i < 30_000; i++) verdicts.set(`made-up-${i}`, { verdict: refused('audience') })
    assert.equal(verdicts.get('accepted'), accepted)
    assert.equal(verdicts.get('made-up-1'), undefined, 'and they are bounded themselves')
  })
})

describe('the bounded map', () => {
  it('keeps what is used and never more than its bound', () => {
    const map = createRecentMap<number>(10)
    map.set('used', -1)
    for (let i = 0; i < 1000; i++) {
      map.set(`k${i}`, i)
      assert.equal(map.get('used'), -1)
    }
    const kept = Array.from({ length: 1000 }, (_, i) => `k${i}`).filter((key) => map.get(key) !== undefined)
    assert.ok(kept.length <= 9, `${kept.length} kept`)
  })

  it('forgets what is deleted, from both generations', () => {
    const map = createRecentMap<number>(4)
    for (const key of ['a', 'b', 'c']) map.set(key, 1)
    map.delete('a')
    map.delete('c')
    assert.deepEqual(['a', 'b', 'c'].map((key) => map.get(key)), [undefined, 1, undefined])
  })
})
