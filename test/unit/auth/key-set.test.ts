import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, it } from 'node:test'
import type { Authenticator } from '../../../src/auth/index.ts'
import { authenticator, ISSUER, keySetIssuer, outcome, secretIssuer, sign, signingKey, testClock } from './fixtures.ts'
import type { SigningKey, TestClock } from './fixtures.ts'

const [first, second, third] = await Promise.all([signingKey('one'), signingKey('two'), signingKey('three')])
const MINUTE_MS = 60_000

/** An issuer whose key set is in our hands, with a clock that stands still. */
interface World extends Disposable {
  readonly auth: Authenticator
  readonly clock: TestClock
  fetches: number
  underway: number
  down: boolean
  published: readonly SigningKey[]
  /** The fetch that is under way, and those it causes, have ended. */
  settled (): Promise<void>
  log: string[]
}

function world (...keys: readonly SigningKey[]): World {
  const clock = testClock()
  const ended = new EventEmitter()
  const state: Omit<World, 'auth'> & { auth?: Authenticator } = {
    clock,
    fetches: 0,
    underway: 0,
    down: false,
    published: keys,
    log: [],
    async settled () {
      while (state.underway > 0) await once(ended, 'end')
    },
    [Symbol.dispose]: () => state.auth?.close()
  }
  state.auth = authenticator([keySetIssuer('https://idp.example/jwks')], {
    clock,
    async fetchJwks () {
      state.fetches++
      state.underway++
      if (state.down) throw new Error('connection refused')
      return { keys: state.published.map(({ jwk }) => jwk) }
    },
    events: {
      jwksFetched (issuer, result) {
        assert.equal(issuer, ISSUER)
        state.log.push(result)
        state.underway--
        ended.emit('end')
      }
    }
  })
  return state as World
}

describe('unknown key ids (T07)', () => {
  it('1,000 tokens with random key ids cause no fetch but the first, and all are refused', async () => {
    using w = world(first)
    const tokens = await Promise.all(Array.from({ length: 1000 }, (_, i) => sign(first, {}, { kid: `random-${i}` })))
    const outcomes = await Promise.all(tokens.map((token) => outcome(w.auth, token)))
    assert.deepEqual(new Set(outcomes), new Set(['unknown_kid']))
    assert.equal(w.fetches, 1)
    assert.equal(await outcome(w.auth, await sign(first)), 'accepted')
  })

  it('cause one fetch per 30 s, whatever their number, and the same id one a minute', async () => {
    using w = world(first)
    await w.settled()
    const stray = await sign(first, {}, { kid: 'stray' })
    for (let second = 0; second < 120; second++) {
      assert.equal(await outcome(w.auth, await sign(first, {}, { kid: `k${second}` })), 'unknown_kid')
      w.clock.advance(1000)
    }
    assert.equal(w.fetches, 1 + 3)
    w.clock.advance(MINUTE_MS)
    const before = w.fetches
    for (let i = 0; i < 60; i++) {
      assert.equal(await outcome(w.auth, stray), 'unknown_kid')
      w.clock.advance(1000)
    }
    assert.equal(w.fetches, before + 1)
  })

  it('cause fetches with growing pauses while the issuer is down', async () => {
    using w = world(first)
    await w.settled()
    w.clock.advance(40_000)
    w.down = true
    const atS: number[] = []
    for (let second = 0; second < 200; second++) {
      const before = w.fetches
      assert.equal(await outcome(w.auth, await sign(first, {}, { kid: `k${second}` })), 'unknown_kid')
      if (w.fetches > before) atS.push(second)
      assert.ok(w.fetches - before <= 1)
      w.clock.advance(1000)
    }
    assert.deepEqual(atS, [0, 1, 3, 7, 15, 31, 63, 123, 183])
  })

  const odd = ['../../dev/null', "' OR 1=1 --", 'https://evil.example/jwks', '', '__proto__', 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(4000)]
  for (const kid of odd) {
    it(`${kid.slice(0, 20)} (${kid.length} characters) is only a name`, async () => {
      using w = world(first)
      assert.equal(await outcome(w.auth, await sign(first, {}, { kid })), 'unknown_kid')
    })
  }
})

describe('rotation (T08)', () => {
  it('a new key works after one fetch', async () => {
    using w = world(first)
    assert.equal(await outcome(w.auth, await sign(first)), 'accepted')
    w.clock.advance(31_000)
    w.published = [first, second]
    assert.equal(await outcome(w.auth, await sign(second)), 'accepted')
    assert.equal(await outcome(w.auth, await sign(second, { sub: 'bob' })), 'accepted')
    assert.equal(w.fetches, 2)
  })

  it('a hundred tokens of a new key share one fetch', async () => {
    using w = world(first)
    await w.settled()
    w.clock.advance(31_000)
    w.published = [first, second]
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, i) => sign(second, { sub: `user-${i}` })))
    assert.deepEqual(new Set(await Promise.all(tokens.map((token) => outcome(w.auth, token)))), new Set(['accepted']))
    assert.equal(w.fetches, 2)
  })

  it('a removed key is refused after the maximum age, and in traffic within seven minutes', async () => {
    using quiet = world(first, second)
    await quiet.settled()
    quiet.published = [second]
    quiet.clock.advance(10 * MINUTE_MS + 1)
    assert.equal(await outcome(quiet.auth, await sign(first, { exp: quiet.clock.wallMs() / 1000 + 60 })), 'unknown_kid')

    using busy = world(first, second)
    const token = await sign(first, { exp: busy.clock.wallMs() / 1000 + 3600 })
    assert.equal(await outcome(busy.auth, token), 'accepted')
    busy.published = [second]
    let accepted = 0
    for (let second = 0; second < 600 && await outcome(busy.auth, token) === 'accepted'; second++) {
      accepted++
      busy.clock.advance(1000)
      await busy.settled()
    }
    assert.ok(accepted <= 420, `${accepted} s`)
  })
})

describe('outage (T08)', () => {
  const later = (w: World) => ({ exp: w.clock.wallMs() / 1000 + 60, iat: undefined })

  it('known keys serve for an hour past their maximum age, then nothing does', async () => {
    using w = world(first)
    await w.settled()
    w.down = true
    w.clock.advance(15 * MINUTE_MS)
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted')
    assert.deepEqual(w.auth.keySets(), [{ issuer: ISSUER, usable: true, staleS: 300 }])
    assert.equal(await outcome(w.auth, await sign(second, later(w))), 'unknown_kid')
    assert.equal(w.auth.ready(), true)
    w.clock.advance(54 * MINUTE_MS)
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted')
    w.clock.advance(2 * MINUTE_MS)
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'jwks_unavailable')
    assert.equal(w.auth.ready(), false)
    await w.settled()
    w.down = false
    w.clock.advance(MINUTE_MS)
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted')
    assert.deepEqual(w.auth.keySets(), [{ issuer: ISSUER, usable: true, staleS: 0 }])
  })

  it('a stale set is served at once while the issuer is known to be down', async () => {
    using w = world(first)
    await w.settled()
    w.down = true
    w.clock.advance(11 * MINUTE_MS)
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted')
    w.clock.advance(MINUTE_MS)
    w.down = false
    w.published = [third]
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted', 'did not wait for the fetch it began')
    await w.settled()
    assert.equal(await outcome(w.auth, await sign(first, { ...later(w), sub: 'bob' })), 'unknown_kid')
  })

  it('a cold start with the issuer down refuses with 503 and is not ready, until it answers', async () => {
    using w = world(first)
    await w.settled()
    using cold = world()
    await cold.settled()
    assert.deepEqual(cold.log, ['failed'], 'an empty key set is no key set')
    assert.equal(cold.auth.ready(), false)
    const verdict = await cold.auth.authenticate(['Authorization', `Bearer ${await sign(first)}`], '/')
    assert.ok(!verdict.ok)
    assert.deepEqual(verdict.error, { code: 'GW_AUTH_UNAVAILABLE', reason: 'jwks_unavailable' })
    cold.published = [first]
    cold.clock.advance(999)
    assert.equal(cold.auth.ready(), false)
    assert.equal(cold.fetches, 1, 'not before the pause is over')
    cold.clock.advance(1)
    cold.auth.ready()
    await cold.settled()
    assert.equal(cold.auth.ready(), true, 'asking for readiness brought it back, without any traffic')
    assert.equal(await outcome(cold.auth, await sign(first)), 'accepted')
  })

  it('one issuer without keys leaves the others working', async () => {
    const auth = authenticator([keySetIssuer('https://idp.example/jwks', { issuer: 'down' }), secretIssuer()], {
      fetchJwks: () => Promise.reject(new Error('down'))
    })
    assert.equal(auth.ready(), true)
    assert.equal(await outcome(auth, await sign(first, { iss: 'down' })), 'jwks_unavailable')
    auth.close()
  })

  it('a broken answer keeps the keys that were there', async () => {
    using w = world(first)
    await w.settled()
    w.clock.advance(6 * MINUTE_MS)
    w.published = []
    assert.equal(await outcome(w.auth, await sign(first, later(w))), 'accepted')
    await w.settled()
    assert.deepEqual(w.log, ['ok', 'failed'])
    assert.equal(await outcome(w.auth, await sign(first, { ...later(w), sub: 'bob' })), 'accepted')
  })
})

describe('closing', () => {
  it('ends a fetch under way, also of a transport that does not look at its signal, and starts no more', async () => {
    let fetches = 0
    const auth = authenticator([keySetIssuer('https://idp.example/jwks')], { fetchJwks: () => { fetches++; return new Promise(() => {}) } })
    const waiting = outcome(auth, await sign(first))
    auth.close()
    auth.close()
    assert.equal(await waiting, 'jwks_unavailable')
    assert.equal(await outcome(auth, await sign(first)), 'jwks_unavailable')
    assert.equal(fetches, 1)
  })
})
