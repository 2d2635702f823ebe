import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { caller } from '../limits/callers.ts'
import { serverRoute, testExchange, testReader, testRegistry } from './session-parts.ts'

const IDLE_MS = 60_000

describe('whose session it is (T01, T02, T03)', () => {
  it('is found by its owner on its route, by another verdict of the same owner too', (t) => {
    const { registry, open } = testRegistry(t)
    const session = open()
    assert.equal(registry.find(session.id, caller('alice'), serverRoute('fs')), session)
    assert.equal(registry.find(session.id, session.principal, serverRoute('fs')), session)
  })

  it('is not there for anybody else, on any other route, under any other id; who tried is told of', (t) => {
    const { registry, open, told } = testRegistry(t)
    const session = open()
    const others = [caller('bob'), caller('alice', { tenant: 'globex' }), caller('alice', { key: { id: 'k1', callsPerMinute: 1 } })]
    for (const other of others) assert.equal(registry.find(session.id, other, session.route), undefined)
    for (const route of [serverRoute('other'), { kind: 'aggregate' } as const]) assert.equal(registry.find(session.id, session.principal, route), undefined)
    assert.deepEqual(told.filter((line) => line.startsWith('mismatch')), ['mismatch bob', 'mismatch alice', 'mismatch alice', 'mismatch alice', 'mismatch alice'])
    const wrong = ['', 'x', `${session.id}x`, session.id.slice(1), session.id.toUpperCase(), `${session.id}, ${session.id}`, 'constructor'.repeat(3)]
    for (const id of wrong) assert.equal(registry.find(id, session.principal, session.route), undefined)
    assert.equal(told.filter((line) => line.startsWith('mismatch')).length, 5)
  })

  it('ids have 256 random bits and are never the client\'s choice', (t) => {
    const { open } = testRegistry(t, { maxPerUser: 1000 })
    const ids = new Set(Array.from({ length: 500 }, () => open().id))
    assert.equal(ids.size, 500)
    for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{43}$/)
  })

  it('a closed session is unknown at once, to its owner too, and told of once', (t) => {
    const { registry, open, told } = testRegistry(t)
    const session = open()
    registry.close(session)
    registry.close(session)
    assert.equal(registry.find(session.id, session.principal, session.route), undefined)
    assert.deepEqual([registry.size, told], [0, ['opened alice', 'closed alice']])
  })
})

describe('expiry', () => {
  it('ends idle sessions only: a request, a call and a GET stream are activity, and so is their end', async (t) => {
    const { clock, open } = testRegistry(t, { idleMs: IDLE_MS })
    const [idle, calling, asking, streaming] = [open(), open(), open(), open()]
    const call = { clientId: 1, exchange: testExchange(), cancelOnDisconnect: false, cancel () {} }
    calling.calls.add(call)
    asking.requestBegan()
    const reader = testReader()
    streaming.attachReader(reader)
    clock.advance(IDLE_MS)
    await until('the idle one is gone', () => idle.closed)
    assert.deepEqual([calling.closed, asking.closed, streaming.closed], [false, false, false])
    calling.callEnded(call)
    asking.requestEnded()
    streaming.detachReader(reader)
    clock.advance(IDLE_MS - 1)
    const sentinel = open()
    sentinel.lastUsedMs -= IDLE_MS
    await until('a sweep has passed', () => sentinel.closed)
    assert.deepEqual([calling.closed, asking.closed, streaming.closed], [false, false, false])
    clock.advance(1)
    await until('all are gone', () => calling.closed && asking.closed && streaming.closed)
  })

  it('being asked for counts as use', async (t) => {
    const { clock, open, registry } = testRegistry(t, { idleMs: IDLE_MS })
    const session = open()
    clock.advance(IDLE_MS - 1)
    assert.equal(registry.find(session.id, session.principal, session.route), session)
    clock.advance(IDLE_MS - 1)
    assert.equal(registry.find(session.id, session.principal, session.route), session)
    // Somebody else's knocking does not keep it alive.
    clock.advance(1)
    assert.equal(registry.find(session.id, caller('bob'), session.route), undefined)
    clock.advance(IDLE_MS - 1)
    await until('it has expired', () => session.closed)
  })
})

describe('as many as a user may have (T55)', () => {
  it('a new one takes the place of the longest idle one, of the same user only', (t) => {
    const { clock, open } = testRegistry(t, { maxPerUser: 2 })
    const [first, second, bobs] = [open(), open(), open({ principal: caller('bob') })]
    clock.advance(1)
    first.touch()
    const third = open()
    assert.deepEqual([first.closed, second.closed, third.closed, bobs.closed], [false, true, false, false])
  })

  it('is refused when every one is in use, and possible again when one is not', (t) => {
    const { open, registry } = testRegistry(t, { maxPerUser: 2 })
    const sessions = [open(), open()]
    const readers = sessions.map((session) => {
      const reader = testReader()
      session.attachReader(reader)
      return reader
    })
    assert.throws(() => open())
    assert.ok(open({ principal: caller('alice', { tenant: 'globex' }) }))
    sessions[1]?.detachReader(readers[1] ?? testReader())
    open()
    assert.deepEqual([sessions[0]?.closed, sessions[1]?.closed, registry.size], [false, true, 3])
  })
})

it('closing all ends every session, for the reason given', (t) => {
  const { open, registry } = testRegistry(t)
  const reasons: string[] = []
  for (const session of [open(), open()]) session.calls.add({ clientId: 1, exchange: testExchange(), cancelOnDisconnect: false, cancel: (reason) => { reasons.push(reason) } })
  registry.closeAll('draining')
  assert.deepEqual([registry.size, reasons], [0, ['draining', 'draining']])
})
