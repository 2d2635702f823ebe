import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, test } from 'node:test'
import { keySetCheck, keySetEvents, watchKeySets } from '../../plugins/key-set-watch.ts'
import { createLogger, createTelemetry } from '../../src/telemetry/index.ts'
import { authenticator, ISSUER, keySetIssuer, signingKey, testClock } from '../unit/auth/fixtures.ts'

const MINUTE_MS = 60_000
const key = await signingKey('one')

/** A key set that comes and goes, watched as the composition watches it, in time that stands still. */
function watched () {
  const telemetry = createTelemetry({ version: '0.0.0-test', servers: [] })
  let text = ''
  const logger = createLogger({ level: 'info', sink: { write: (piece) => { text += piece }, flushSync () {}, end () {} } })
  const clock = testClock()
  const ended = new EventEmitter()
  const events = keySetEvents(telemetry, logger)
  const idp = { reason: '' }
  const auth = authenticator([keySetIssuer('https://idp.example/jwks?token=hidden')], {
    clock,
    fetchJwks: (url) => idp.reason === '' ? Promise.resolve({ keys: [key.jwk] }) : Promise.reject(new Error(`${idp.reason} (${url})`)),
    events: {
      jwksFetched (...event) {
        events.jwksFetched(...event)
        ended.emit('end')
      }
    }
  })
  const configured = { isThere: true }
  watchKeySets(telemetry, { ...auth, keySets: () => configured.isThere ? auth.keySets() : [] })
  return {
    auth,
    configured,
    idp,
    clock,
    fetched: () => once(ended, 'end'),
    metrics: async () => (await telemetry.expose()).split('\n').filter((line) => line.startsWith('drawbridge_jwks')),
    log: () => {
      logger.flush()
      return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    close () {
      auth.close()
      telemetry.close()
      logger.close()
    }
  }
}

describe('key sets (T08)', () => {
  test('an outage is a warning, a count, a gauge that rises, and degraded health; then it is over', async (t) => {
    const { auth, idp, clock, fetched, metrics, log, close } = watched()
    t.after(close)
    assert.deepEqual(keySetCheck(auth.keySets()), { key_sets: { status: 'degraded', detail: 'of 1: 0 stale, 1 without keys' } })
    await fetched()
    assert.deepEqual(keySetCheck(auth.keySets()), { key_sets: { status: 'healthy', detail: '1 fresh' } })
    assert.deepEqual(await metrics(), ['drawbridge_jwks_fetch_total{outcome="ok"} 1', 'drawbridge_jwks_fetch_total{outcome="failed"} 0', `drawbridge_jwks_usable{issuer="${ISSUER}"} 1`, `drawbridge_jwks_stale_seconds{issuer="${ISSUER}"} 0`])

    idp.reason = 'connection refused'
    clock.advance(15 * MINUTE_MS)
    auth.ready()
    await fetched()
    assert.deepEqual(keySetCheck(auth.keySets()), { key_sets: { status: 'degraded', detail: 'of 1: 1 stale, 0 without keys' } })
    assert.deepEqual((await metrics()).slice(1), ['drawbridge_jwks_fetch_total{outcome="failed"} 1', `drawbridge_jwks_usable{issuer="${ISSUER}"} 1`, `drawbridge_jwks_stale_seconds{issuer="${ISSUER}"} 300`])
    clock.advance(56 * MINUTE_MS)
    const again = fetched()
    assert.deepEqual((await metrics()).slice(-2), [`drawbridge_jwks_usable{issuer="${ISSUER}"} 0`, `drawbridge_jwks_stale_seconds{issuer="${ISSUER}"} 0`])
    await again

    idp.reason = ''
    clock.advance(MINUTE_MS)
    const back = fetched()
    assert.match((await metrics()).at(-2) ?? '', / 0$/)
    await back
    assert.match((await metrics()).at(-2) ?? '', / 1$/, 'a scrape has them fetched')
    assert.equal(keySetCheck(auth.keySets()).key_sets?.status, 'healthy')
    const [warning, second, over, ...more] = log()
    assert.deepEqual([second?.['event'], second?.['outcome']], ['jwks_fetched', 'failed'])
    assert.deepEqual([warning?.['level'], warning?.['issuer'], warning?.['reason']], ['warn', ISSUER, 'connection refused (https://idp.example/jwks?…'])
    assert.deepEqual([over?.['level'], over?.['issuer']], ['info', ISSUER])
    assert.deepEqual(more, [])
    assert.doesNotMatch(JSON.stringify(log()), /hidden/)
  })

  test('keys that nobody asked for in a while are not stale: nothing failed', async (t) => {
    const { auth, clock, fetched, close } = watched()
    t.after(close)
    await fetched()
    clock.advance(20 * MINUTE_MS)
    assert.equal(keySetCheck(auth.keySets()).key_sets?.status, 'healthy')
  })

  test('of an issuer that was dropped nothing is told any more: an alert about it ends', async (t) => {
    const { configured, fetched, metrics, close } = watched()
    t.after(close)
    await fetched()
    const level = async (): Promise<string[]> => (await metrics()).filter((line) => line.includes(ISSUER))
    assert.equal((await level()).length, 2)
    configured.isThere = false
    assert.deepEqual(await level(), [])
    configured.isThere = true
    assert.equal((await level()).length, 2)
  })

  test('without key sets there is no row', () => {
    assert.deepEqual(keySetCheck([]), {})
  })
})
