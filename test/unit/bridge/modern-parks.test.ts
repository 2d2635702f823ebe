import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ModernClient, Parks, RequestStates, type StateSubject } from '../../../src/bridge/index.ts'
import { createSealer } from '../../../src/seal/index.ts'
import type { CancellableCall } from '../../../src/session/index.ts'
import { caller } from '../limits/callers.ts'
import { serverRoute, testExchange } from '../session/session-parts.ts'

const subjectOf = (user: string, tenant = 'acme'): StateSubject => ({ principal: caller(user, { tenant }), route: serverRoute('srv'), method: 'tools/call', params: { name: 'x' } })

interface Waiting { readonly client: ModernClient, readonly subject: StateSubject, readonly cancels: string[] }

function waiting (parks: Parks, user: string, tenant?: string): Waiting {
  const subject = subjectOf(user, tenant)
  const exchange = testExchange()
  const client = new ModernClient(subject, { exchange, id: 1, capabilities: {}, logLevel: undefined, progressToken: undefined }, parks)
  const cancels: string[] = []
  const call: CancellableCall = { clientId: 1, exchange: client, cancelOnDisconnect: true, cancel: (reason) => { cancels.push(reason) } }
  client.callBegan(call)
  return { client, subject, cancels }
}

function opened (parks: Parks, subject: StateSubject, text: string | undefined): ModernClient | undefined {
  const state = parks.states.open(subject, text)
  return state?.kind === 'parked' ? parks.claim(state.park, state.round) : undefined
}

const createParks = (wallMs = Date.now): Parks => new Parks(new RequestStates(createSealer(undefined, wallMs)))

describe('calls that wait', () => {
  it('end after ten minutes, by the clock of the state as by their own', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    const parks = createParks(() => Date.now())
    const one = waiting(parks, 'alice')
    const text = parks.park(one.client, 0)
    t.mock.timers.tick(599_999)
    assert.deepEqual([parks.size, one.cancels, parks.states.open(one.subject, text)?.kind], [1, [], 'parked'])
    t.mock.timers.tick(1)
    assert.deepEqual([parks.size, one.cancels, parks.states.open(one.subject, text)], [0, ['deadline'], undefined])
  })

  it('are fetched once, in the round they are in, and not cancelled then', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const parks = createParks()
    const one = waiting(parks, 'alice')
    one.client.round = 1
    const text = parks.park(one.client, 1)
    one.client.round = 2
    assert.equal(opened(parks, one.subject, text), undefined)
    one.client.round = 1
    assert.equal(opened(parks, one.subject, text), one.client)
    assert.equal(opened(parks, one.subject, text), undefined)
    t.mock.timers.tick(600_000)
    assert.deepEqual([parks.size, one.cancels], [0, []])
  })

  it('of one user, give way oldest first when there are sixteen', () => {
    const parks = createParks()
    const all = Array.from({ length: 17 }, () => waiting(parks, 'alice'))
    const other = waiting(parks, 'bob')
    parks.park(other.client, 0)
    for (const { client } of all) parks.park(client, 0)
    assert.deepEqual([parks.size, all.filter(({ cancels }) => cancels.length > 0), other.cancels], [17, [all[0]], []])
    parks.endAll()
  })

  it('of a tenant that has enough: a user\'s own gives way, nobody else\'s, and no other tenant\'s', () => {
    const parks = createParks()
    const all = Array.from({ length: 256 }, (_, n) => waiting(parks, `u${n}`))
    for (const { client } of all) assert.notEqual(parks.park(client, 0), undefined)
    assert.equal(parks.park(waiting(parks, 'newcomer').client, 0), undefined)
    assert.notEqual(parks.park(waiting(parks, 'newcomer', 'umbrella').client, 0), undefined)
    assert.notEqual(parks.park(waiting(parks, 'u7').client, 0), undefined)
    assert.deepEqual(all.filter(({ cancels }) => cancels.length > 0), [all[7]])
    parks.endAll()
    assert.deepEqual([parks.size, all.filter(({ cancels }) => cancels.length === 1).length], [0, 256])
    assert.equal(parks.park(waiting(parks, 'late').client, 0), undefined)
  })
})
