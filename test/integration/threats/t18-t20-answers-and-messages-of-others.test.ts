/** Nobody gets another's answer, whatever ids and tokens clients choose (T18, T20, FR10). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import type { JsonRpc } from '../../helpers/http-exchange.ts'
import { responseOf, textOf, type LegacyWire } from '../../helpers/legacy-wire.ts'
import { manyUsers, probe, roomyLimits, roomyPool } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const USERS = 50
const CALLS = 20
const callBody = (id: string | number, name: string, args: Record<string, unknown>, meta?: Record<string, unknown>) =>
  ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) } })

/** Deterministic delays of 0 to 120 ms: overlapping, and in another order than they were sent. */
const delayOf = (user: number, call: number): number => (user * 37 + call * 53) % 120

for (const isolation of ['user', 'tenant', 'shared'] as const) {
  describe(`ids, isolation ${isolation}`, () => {
    let gateway: TestGateway
    const users = manyUsers(USERS, ['acme', 'globex'])
    before(async () => {
      gateway = await startGateway({
        users,
        config: {
          mcpServers: { probe: probe({ isolation, pool: roomyPool }) },
          limits: roomyLimits,
          pool: { maxWorkers: 200, maxWorkersPerTenant: 200 }
        }
      })
    })
    after(() => gateway.stop())

    it(`${USERS} users × ${CALLS} parallel calls, all with id 1: ${USERS * CALLS} own answers (T18)`, async () => {
      const wires = await Promise.all(users.map(async ({ user }) => {
        const wire = gateway.wire(user, 'probe')
        await wire.open()
        return wire
      }))
      const answers = await Promise.all(wires.flatMap((wire, user) => Array.from({ length: CALLS }, async (_, call) => {
        const nonce = `nonce-of-u${user}-call-${call}`
        const message = await wire.call('echo', { text: nonce, delayMs: delayOf(user, call) }, 1)
        return { nonce, got: textOf(message), id: message.id }
      })))
      assert.equal(answers.length, USERS * CALLS)
      assert.deepEqual(answers.filter(({ nonce, got }) => nonce !== got), [])
      assert.ok(answers.every(({ id }) => id === 1))
    })
  })
}

describe('messages that belong to a call', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: manyUsers(6),
      config: { mcpServers: { probe: probe(), shared: probe({ isolation: 'shared' }), interactive: probe({ interactive: true }) }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  const opened = async (user: string, server: string, capabilities: Record<string, unknown> = {}): Promise<LegacyWire> => {
    const wire = gateway.wire(user, server)
    await wire.open({ capabilities })
    return wire
  }

  it('progress with the same token from many clients of one worker goes to its own call only', async () => {
    const wires = await Promise.all(['u0', 'u1', 'u2', 'u3', 'u4', 'u5'].map((user) => opened(user, 'shared')))
    await Promise.all(wires.map(async (wire, index) => {
      const answer = await wire.post(callBody(1, 'progress', { steps: 10, everyMs: 8, label: `label-${index}` }, { progressToken: 1 }))
      await responseOf(answer, 1)
      const progress = answer.messages().filter((message) => message.method === 'notifications/progress')
      assert.deepEqual(progress.map((message) => [message.params?.['message'], message.params?.['progressToken'], message.params?.['progress']]),
        Array.from({ length: 10 }, (_, step) => [`label-${index}`, 1, step + 1]))
    }))
  })

  it("cancelling 1..1000 cancels nothing of another user's, on one shared worker (T20)", async () => {
    const [victim, attacker] = await Promise.all([opened('u0', 'shared'), opened('u1', 'shared')])
    const running = Array.from({ length: 10 }, (_, index) => victim.call('echo', { text: `kept ${index}`, delayMs: 1500 }, index + 1))
    for (let first = 1; first <= 1000; first += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, offset) => attacker.tell({ method: 'notifications/cancelled', params: { requestId: first + offset } })))
    }
    assert.deepEqual((await Promise.all(running)).map(textOf), Array.from({ length: 10 }, (_, index) => `kept ${index}`))
  })

  it('cancelling does not cross two sessions of one user either', async () => {
    const [one, two] = await Promise.all([opened('u2', 'probe'), opened('u2', 'probe')])
    const running = one.call('echo', { text: 'mine', delayMs: 400 }, 1)
    for (let id = 0; id < 20; id++) await two.tell({ method: 'notifications/cancelled', params: { requestId: id } })
    assert.equal(textOf(await running), 'mine')
  })

  it('two calls in flight with the same id in one session: each gets its own answer, or the second is refused; nothing hangs', async () => {
    const wire = await opened('u3', 'probe')
    const [slow, quick] = await Promise.all([
      wire.call('echo', { text: 'slow one', delayMs: 300 }, 1),
      wire.call('echo', { text: 'quick one', delayMs: 5 }, 1)
    ])
    assert.equal(textOf(slow), 'slow one')
    assert.ok(quick.error?.code === -32600 || textOf(quick) === 'quick one', JSON.stringify(quick))
  })

  it('a question goes to the session whose call is in flight, and only its answer counts', async () => {
    const [asker, other] = await Promise.all([opened('u4', 'probe', { sampling: {} }), opened('u5', 'probe', { sampling: {} })])
    const otherStream = await other.listen()
    const answer = await asker.post(callBody(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
    const question = await answer.next('the question', (message) => message.method === 'sampling/createMessage')
    // The other user answers the same id first, and every small id besides.
    for (const id of [question.id ?? 0, 0, 1, 2, 3, 4, 5, '1']) await other.tell({ id, result: { from: 'the wrong client' } })
    await asker.tell({ id: question.id ?? null, result: { from: 'the right client' } })
    const text = textOf(await responseOf(answer, 1))
    assert.match(text, /the right client/)
    assert.equal(otherStream.messages().filter((message) => message.method === 'sampling/createMessage').length, 0)
    otherStream.cut()
  })

  it('two sessions with calls in flight on one worker: a question that could belong to either is refused, and shown to neither', async () => {
    const [one, two] = await Promise.all([opened('u1', 'probe', { sampling: {} }), opened('u1', 'probe', { sampling: {} })])
    const streams = await Promise.all([one.listen(), two.listen()])
    const running = await one.post(callBody(1, 'progress', { steps: 30, everyMs: 100 }, { progressToken: 1 }))
    await running.next('it runs', (message) => message.method === 'notifications/progress')
    const asking = await two.post(callBody(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
    assert.ok((JSON.parse(textOf(await responseOf(asking, 1))) as { error?: unknown }).error, 'the server is refused')
    await responseOf(running, 1)
    for (const answer of [...streams, running, asking]) assert.equal(answer.messages().filter((message) => message.method === 'sampling/createMessage').length, 0)
    // Alone in flight, the same call is asked.
    const alone = await two.post(callBody(2, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
    const question = await alone.next('the question', (message) => message.method === 'sampling/createMessage')
    await two.tell({ id: question.id ?? null, result: { from: 'session two' } })
    assert.match(textOf(await responseOf(alone, 2)), /session two/)
    for (const stream of streams) stream.cut()
  })

  it('interactive: true runs one call at a time instead, so that every question has its owner', async () => {
    const [one, two] = await Promise.all([opened('u2', 'interactive', { sampling: {} }), opened('u2', 'interactive', { sampling: {} })])
    const running = one.call('echo', { text: 'first in line', delayMs: 600 })
    const asking = await two.post(callBody(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
    const question = await asking.next('the question', (message) => message.method === 'sampling/createMessage')
    await two.tell({ id: question.id ?? null, result: { from: 'session two' } })
    assert.match(textOf(await responseOf(asking, 1)), /session two/)
    assert.equal(textOf(await running), 'first in line')
  })

  it('questions of two workers with the same inner id meet the right client each', async () => {
    const wires = await Promise.all(['u0', 'u1', 'u2', 'u3'].map((user) => opened(user, 'probe', { sampling: {} })))
    const texts = await Promise.all(wires.map(async (wire, index) => {
      const answer = await wire.post(callBody(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: index + 1 } }))
      const question: JsonRpc = await answer.next('the question', (message) => message.method === 'sampling/createMessage')
      assert.equal(question.params?.['maxTokens'], index + 1)
      await wire.tell({ id: question.id ?? null, result: { from: `client ${index}` } })
      return textOf(await responseOf(answer, 1))
    }))
    texts.forEach((text, index) => assert.match(text, new RegExp(`client ${index}`)))
  })

  it('cancelled at a random moment, twice, or after the answer: no late answer, and the worker stays usable (FR10)', async () => {
    const wire = await opened('u2', 'probe')
    const results = await Promise.all(Array.from({ length: 300 }, async (_, index) => {
      const id = `c${index}`
      const answer = await wire.post(callBody(id, 'echo', { text: id, delayMs: index % 20 }))
      await wire.tell({ method: 'notifications/cancelled', params: { requestId: id } })
      if (index % 3 === 0) await wire.tell({ method: 'notifications/cancelled', params: { requestId: id } })
      await answer.ended
      return answer.messages().filter((message) => message.id === id && message.method === undefined)
    }))
    assert.ok(results.every((messages) => messages.length <= 1), 'at most one answer each')
    assert.equal(textOf(await wire.call('echo', { text: 'fine' })), 'fine')
    await until('nothing is left in flight at the server', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 0)
  })
})
