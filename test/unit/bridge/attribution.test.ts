import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { targetOfAsk, targetOfLog } from '../../../src/bridge/attribution.ts'
import type { Target } from '../../../src/bridge/attribution.ts'
import type { Session } from '../../../src/session/index.ts'
import type { CallHandle, Connection } from '../../../src/upstream/index.ts'
import { testReader, testRegistry } from '../session/session-parts.ts'
import { relayedCall } from './bridge-parts.ts'
import type { TestRelayedCall } from './bridge-parts.ts'

interface Scene {
  readonly one: Session
  readonly other: Session
  readonly both: ReadonlySet<Session>
  /** A call of `one`, `other` or a caller without a session. */
  call (session: Session | undefined, method?: string): TestRelayedCall
}

function scene (t: TestContext): Scene {
  const { open } = testRegistry(t)
  const [one, other] = [open(), open()]
  return { one, other, both: new Set([one, other]), call: (session, method = 'tools/call') => relayedCall(session, { method }) }
}

/** A connection as far as attribution looks at it. */
function during (running: readonly TestRelayedCall[], own: { unsent?: readonly TestRelayedCall[], lingering?: readonly TestRelayedCall[] } = {}): Connection {
  const handles = (calls: readonly TestRelayedCall[], sent: boolean): CallHandle[] => calls.map(({ call }) => ({ call, sent, cancel () {}, pause () {}, resume () {} }))
  return {
    inFlight: new Set([...handles(running, true), ...handles(own.unsent ?? [], false)]),
    lingering: new Set(handles(own.lingering ?? [], true))
  } as unknown as Connection
}

const where = (target: Target | undefined): unknown => target && [target.client, target.exchange, target.calls.length]

describe('whom a question is for (rulings 4, T20)', () => {
  it('one call: its own stream', (t) => {
    const { one, both, call } = scene(t)
    const only = call(one)
    one.attachReader(testReader())
    assert.deepEqual(where(targetOfAsk(during([only]), both, 'elicitation/create')), [one, only.exchange, 1])
  })

  it('several calls of one session: its GET stream if it has one, else the newest POST', (t) => {
    const { one, both, call } = scene(t)
    const calls = [call(one), call(one, 'prompts/get'), call(one, 'resources/read')]
    assert.deepEqual(where(targetOfAsk(during(calls), both, 'sampling/createMessage')), [one, calls[2]?.exchange, 3])
    one.attachReader(testReader())
    assert.deepEqual(where(targetOfAsk(during(calls), both, 'sampling/createMessage')), [one, undefined, 3])
  })

  it('calls of different sessions, or of a caller without one: nobody', (t) => {
    const { one, other, both, call } = scene(t)
    for (const calls of [[call(one), call(other)], [call(other), call(one), call(one)], [call(undefined)], [call(one), call(undefined)], [call(undefined), call(one)]]) {
      for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list']) assert.equal(targetOfAsk(during(calls), both, method), undefined)
    }
  })

  it('a call that waits for its turn is no candidate', (t) => {
    const { one, other, both, call } = scene(t)
    const running = call(one)
    assert.deepEqual(where(targetOfAsk(during([running], { unsent: [call(other), call(undefined)] }), both, 'elicitation/create')), [one, running.exchange, 1])
  })

  it('a call that was given up a moment ago still is', (t) => {
    const { one, other, both, call } = scene(t)
    const running = call(one)
    assert.equal(targetOfAsk(during([running], { lingering: [call(other)] }), both, 'elicitation/create'), undefined)
    assert.deepEqual(where(targetOfAsk(during([running], { lingering: [call(one)] }), both, 'elicitation/create')), [one, running.exchange, 1])
    assert.equal(targetOfAsk(during([], { lingering: [call(one)] }), new Set([one]), 'elicitation/create'), undefined)
    assert.deepEqual(where(targetOfAsk(during([], { lingering: [call(one)] }), both, 'roots/list')), [one, undefined, 0])
    assert.equal(targetOfAsk(during([], { lingering: [call(undefined)] }), new Set([one]), 'elicitation/create'), undefined)
  })

  it('no call: the one session there is; for roots the one that came last', (t) => {
    const { one, other, both, call } = scene(t)
    assert.deepEqual(where(targetOfAsk(during([]), new Set([one]), 'elicitation/create')), [one, undefined, 0])
    assert.deepEqual(where(targetOfAsk(undefined, new Set([one]), 'roots/list')), [one, undefined, 0])
    assert.equal(targetOfAsk(during([]), both, 'elicitation/create'), undefined)
    assert.deepEqual(where(targetOfAsk(during([]), both, 'roots/list')), [other, undefined, 0])
    assert.equal(targetOfAsk(during([]), new Set(), 'roots/list'), undefined)
    // During a request in which nothing can be asked there is no call either.
    assert.deepEqual(where(targetOfAsk(during([call(one, 'ping')]), new Set([one]), 'elicitation/create')), [one, undefined, 0])
  })
})

describe('whom a log line is for', () => {
  const of = (target: ReturnType<typeof targetOfLog>): unknown => typeof target === 'string' ? target : where(target)

  it('one call: its own stream; several of one session: that session; a caller without one: nobody', (t) => {
    const { one, call } = scene(t)
    const calls = [call(one), call(one)]
    assert.deepEqual(of(targetOfLog(during([calls[0] as TestRelayedCall]))), [one, calls[0]?.exchange, 1])
    assert.deepEqual(of(targetOfLog(during(calls))), [one, calls[1]?.exchange, 2])
    assert.equal(of(targetOfLog(during([call(undefined)]))), undefined)
  })

  it('otherwise it can be told from no call', (t) => {
    const { one, other, call } = scene(t)
    for (const connection of [during([]), during([call(one), call(other)]), during([call(one)], { lingering: [call(other)] }), undefined]) assert.equal(of(targetOfLog(connection)), 'everybody')
  })
})
