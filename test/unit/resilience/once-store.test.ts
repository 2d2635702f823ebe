import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryOnceStore, type OnceClaim, type OnceId } from '../../../src/resilience/index.ts'

const idOf = (hash: string, userKey = 'alice'): OnceId => ({ tenant: 'acme', userKey, hash })

function storeAt () {
  const clock = { ms: 0 }
  const store = createMemoryOnceStore(() => clock.ms)
  return { store, clock, claim: (hash: string, digest = 'd', userKey?: string) => store.claim(idOf(hash, userKey), digest, 1000) as OnceClaim }
}

function ticketOf (claim: OnceClaim): string {
  assert.equal(claim.kind, 'first')
  return claim.kind === 'first' ? claim.ticket : ''
}

describe('calls that run once (FR42)', () => {
  it('the first claims, others join, and get the outcome for ten minutes', async () => {
    const { store, clock, claim } = storeAt()
    const ticket = ticketOf(claim('a'))
    const joined = claim('a')
    assert.equal(joined.kind, 'running')
    store.settle(idOf('a'), ticket, '{"result":1}')
    if (joined.kind === 'running') await joined.ended
    assert.deepEqual(claim('a'), { kind: 'done', outcome: '{"result":1}' })
    clock.ms += 599_999
    assert.equal(claim('a').kind, 'done')
    clock.ms += 1
    assert.equal(claim('a').kind, 'first')
  })

  it('other arguments are a conflict, running or done', () => {
    const { store, claim } = storeAt()
    const ticket = ticketOf(claim('a', 'one'))
    assert.equal(claim('a', 'other').kind, 'conflict')
    store.settle(idOf('a'), ticket, '{}')
    assert.equal(claim('a', 'other').kind, 'conflict')
    assert.equal(claim('a', 'one').kind, 'done')
  })

  it('what did not run is free again, for those who wait too', async () => {
    const { store, claim } = storeAt()
    const ticket = ticketOf(claim('a'))
    const joined = claim('a')
    store.release(idOf('a'), ticket)
    if (joined.kind === 'running') await joined.ended
    assert.equal(claim('a').kind, 'first')
  })

  it('an old ticket, and a second end, change nothing', () => {
    const { store, claim } = storeAt()
    const old = ticketOf(claim('a'))
    store.release(idOf('a'), old)
    const ticket = ticketOf(claim('a'))
    store.settle(idOf('a'), old, 'old')
    assert.equal(claim('a').kind, 'running')
    store.settle(idOf('a'), ticket, 'first')
    store.settle(idOf('a'), ticket, 'second')
    store.release(idOf('a'), ticket)
    assert.deepEqual(claim('a'), { kind: 'done', outcome: 'first' })
  })

  it('a large outcome is remembered without it; a user has a thousand names, and others theirs', () => {
    const { store, clock, claim } = storeAt()
    store.settle(idOf('large'), ticketOf(claim('large')), 'x'.repeat(2 ** 20 + 1))
    assert.deepEqual(claim('large'), { kind: 'done', outcome: undefined })
    for (let n = 1; n < 1000; n++) store.settle(idOf(`n${n}`), ticketOf(claim(`n${n}`)), '{}')
    assert.equal(claim('one more').kind, 'refused')
    assert.equal(claim('one of bob', 'd', 'bob').kind, 'first')
    clock.ms += 600_000
    for (let n = 0; n < 300; n++) claim(`probe${n}`, 'd', 'carol')
    assert.equal(claim('one more').kind, 'first', 'what has ended is forgotten')
  })
})
