/** Replies as JSON or SSE, the GET stream, resumption by event id (MCP 2025-11-25 transports, rulings 4, T20). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { JsonRpc } from '../helpers/http-exchange.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const call = (id: string | number, name: string, args: Record<string, unknown> = {}, meta?: Record<string, unknown>) =>
  ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) } })
const isResponse = (id: string | number) => (message: JsonRpc): boolean => message.id === id && message.method === undefined

describe('legacy face: streams', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: ['alice', 'bob', 'dora', 'emil', 'fred', 'gina'].map((user) => ({ tenant: 'acme', user })),
      config: { mcpServers: { probe: probe() }, limits: roomyLimits }
    })
  })
  after(() => gateway.stop())

  const opened = async (user = 'alice', capabilities: Record<string, unknown> = {}): Promise<LegacyWire> => {
    const wire = gateway.wire(user, 'probe')
    await wire.open({ capabilities })
    return wire
  }

  describe('one request', () => {
    it('a quick answer is plain JSON', async () => {
      const wire = await opened()
      const answer = await wire.post(call(1, 'echo', { text: 'quick' }))
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
      assert.equal(textOf(await responseOf(answer, 1)), 'quick')
    })

    it('after a second it becomes SSE, opened by a priming event with an id and no data', async () => {
      const wire = await opened()
      const started = performance.now()
      const answer = await wire.post(call(1, 'echo', { text: 'slow', delayMs: 2500 }))
      const headersAfterMs = performance.now() - started
      assert.equal(answer.isSse, true)
      assert.ok(headersAfterMs < 2400, `headers after ${headersAfterMs} ms`)
      assert.match(String(answer.headers['x-accel-buffering']), /no/)
      assert.match(String(answer.headers['cache-control']), /no-cache|no-store/)
      assert.equal(textOf(await responseOf(answer, 1)), 'slow')
      assert.equal(await answer.ended, 'complete', 'the stream ends after the response')
      const events = answer.events.filter((event) => event.comment === undefined)
      assert.ok(events[0]?.id)
      assert.equal(events[0]?.data ?? '', '')
      assert.ok(events.every((event) => event.id !== undefined), 'every event has an id')
      assert.equal(new Set(events.map((event) => event.id)).size, events.length, 'ids are unique')
    })

    it('a message before the answer makes it SSE at once; all progress is there, in order, with the token of the client', async () => {
      for (const progressToken of ['my-token', 7]) {
        const wire = await opened()
        const answer = await wire.post(call('p', 'progress', { steps: 4, everyMs: 5, label: 'go' }, { progressToken }))
        assert.equal(answer.isSse, true)
        await responseOf(answer, 'p')
        const progress = answer.messages().filter((message) => message.method === 'notifications/progress')
        assert.deepEqual(progress.map((message) => message.params), [1, 2, 3, 4].map((step) => ({ progressToken, progress: step, total: 4, message: 'go' })))
      }
    })

    it('logging during a call comes on the stream of that call', async () => {
      const wire = await opened('dora')
      await wire.request('logging/setLevel', { level: 'debug' })
      const answer = await wire.post(call(1, 'log', { data: 'from the tool' }))
      await responseOf(answer, 1)
      assert.ok(answer.messages().some((message) => message.method === 'notifications/message' && message.params?.['data'] === 'from the tool'))
    })

    it('setLevel is told to the server', async () => {
      const wire = await opened('emil')
      await wire.request('logging/setLevel', { level: 'warning' })
      assert.match(textOf(await wire.call('log', { data: 'x' })), /warning/)
    })
  })

  describe('questions of the server', () => {
    const asks: Array<[string, Record<string, unknown>, Record<string, unknown>]> = [
      ['sampling/createMessage', { sampling: {} }, { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 5 }],
      ['elicitation/create', { elicitation: {} }, { message: 'name?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } }]
    ]
    for (const [method, capabilities, params] of asks) {
      it(`${method}: asked on the stream of the call, under an id of the gateway, answered by POST`, async () => {
        const wire = await opened('fred', capabilities)
        const answer = await wire.post(call(1, 'ask', { method, params }))
        const question = await answer.next(method, (message) => message.method === method)
        assert.deepEqual(question.params, params)
        assert.notEqual(question.id, undefined)
        const accepted = await wire.tell({ id: question.id ?? null, result: { answered: 'by the client', action: 'accept' } })
        assert.equal(accepted.status, 202)
        assert.match(textOf(await responseOf(answer, 1)), /by the client/)
      })
    }

    it('an error answer reaches the server as an error', async () => {
      const wire = await opened('fred', { sampling: {} })
      const answer = await wire.post(call(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
      const question = await answer.next('the question', (message) => message.method === 'sampling/createMessage')
      await wire.tell({ id: question.id ?? null, error: { code: -1, message: 'User rejected sampling request' } })
      assert.match(textOf(await responseOf(answer, 1)), /User rejected/)
    })

    it('a question the client never declared is refused at once, not forwarded', async () => {
      const wire = await opened('gina')
      const answer = await wire.post(call(1, 'ask', { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }))
      const told = JSON.parse(textOf(await responseOf(answer, 1))) as { error?: { code: number } }
      assert.ok(told.error)
      assert.equal(answer.messages().filter((message) => message.method === 'sampling/createMessage').length, 0)
    })

    it('ping in both directions is answered', async () => {
      const wire = await opened('gina')
      assert.deepEqual((await wire.request('ping')).result, {})
      assert.match(textOf(await wire.call('ask', { method: 'ping', params: {} })), /"result":\{\}/)
    })
  })

  describe('cancel', () => {
    it('notifications/cancelled reaches the server once, and the client gets nothing more for that id', async () => {
      const wire = await opened()
      const answer = await wire.post(call('to-cancel', 'echo', { text: 'never seen', delayMs: 20_000 }))
      await wire.tell({ method: 'notifications/cancelled', params: { requestId: 'to-cancel', reason: 'changed my mind' } })
      const seen = await until('the cancel at the server', async () => {
        const { cancelled } = JSON.parse(textOf(await wire.call('cancelled'))) as { cancelled: Array<{ text?: string }> }
        return cancelled.find((args) => args.text === 'never seen')
      })
      assert.ok(seen)
      answer.cut()
      assert.equal(answer.messages().filter(isResponse('to-cancel')).filter((message) => message.result !== undefined).length, 0)
    })

    it('an id of another type, unknown or finished is ignored', async () => {
      const wire = await opened()
      const running = wire.call('echo', { text: 'survives', delayMs: 400 }, 5)
      for (const requestId of ['5', 99, 'x', null]) await wire.tell({ method: 'notifications/cancelled', params: { requestId } })
      assert.equal(textOf(await running), 'survives')
    })
  })

  describe('the GET stream', () => {
    it('carries list_changed and resource updates, and only once each', async () => {
      const wire = await opened('bob')
      const stream = await wire.listen()
      assert.equal(stream.status, 200)
      assert.equal(stream.isSse, true)
      await wire.request('resources/subscribe', { uri: 'probe://one' })
      const touched = await wire.post(call('t', 'touch', { uri: 'probe://one' }))
      await responseOf(touched, 't')
      const grown = await wire.post(call('g', 'grow'))
      await responseOf(grown, 'g')
      const everywhere = (): JsonRpc[] => [...stream.messages(), ...touched.messages(), ...grown.messages()]
      await until('both notifications', () => ['notifications/resources/updated', 'notifications/tools/list_changed'].every((method) => everywhere().some((message) => message.method === method)))
      for (const method of ['notifications/resources/updated', 'notifications/tools/list_changed']) assert.equal(everywhere().filter((message) => message.method === method).length, 1, method)
      stream.cut()
    })

    it('ends when the session is deleted', async () => {
      const wire = await opened('bob')
      const stream = await wire.listen()
      await wire.end()
      assert.equal(await stream.ended, 'complete')
    })
  })

  describe('resumption', () => {
    it('a stream that broke goes on after Last-Event-ID, without loss or repetition, and ends with the answer', async () => {
      const wire = await opened()
      const answer = await wire.post(call('r', 'progress', { steps: 12, everyMs: 100, label: 'resumed' }, { progressToken: 't' }))
      const third = await answer.nextEvent('the third progress', (event) => event.data?.includes('"progress":3') ?? false)
      answer.cut()
      // Some steps happen while nobody listens; they have to be replayed.
      await wire.call('echo', { text: 'meanwhile', delayMs: 350 })
      const resumed = await wire.listen(third.id ?? '')
      assert.equal(resumed.status, 200)
      await responseOf(resumed, 'r')
      assert.equal(await resumed.ended, 'complete')
      const steps = resumed.messages().filter((message) => message.method === 'notifications/progress').map((message) => message.params?.['progress'])
      assert.deepEqual(steps, [4, 5, 6, 7, 8, 9, 10, 11, 12])
    })

    it('an answer that was finished while nobody listened is replayed', async () => {
      const wire = await opened()
      const answer = await wire.post(call('late', 'echo', { text: 'kept for you', delayMs: 1800 }))
      const priming = await answer.nextEvent('the priming event', (event) => event.id !== undefined)
      answer.cut()
      // Legacy disconnect is not cancellation: the call runs on (rulings 4).
      await until('the call has ended at the server', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 0)
      const resumed = await wire.listen(priming.id ?? '')
      assert.equal(textOf(await responseOf(resumed, 'late')), 'kept for you')
    })

    it("nobody else's event id yields anything: other user, other session of the same user, forged, changed", async () => {
      const owner = await opened('alice')
      const answer = await owner.post(call('own', 'progress', { steps: 3, everyMs: 5, label: 'CANARY-OF-ALICE' }, { progressToken: 't' }))
      await responseOf(answer, 'own')
      const eventId = answer.events.find((event) => event.id !== undefined)?.id ?? ''
      const forged = [eventId, `${eventId}0`, eventId.slice(0, -1), '0', '1', 'AAAA', '../1', `${owner.sessionId}_0`, `${owner.sessionId}:1`]
      for (const [user, ids] of [['bob', forged], ['alice', forged]] as const) {
        const thief = await opened(user)
        for (const id of ids) {
          const stream = await thief.listen(id)
          // Whatever the status: once something of the thief's own has come through, nothing of the owner's may be there.
          if (stream.status === 200) await thief.call('grow')
          stream.cut()
          assert.doesNotMatch(stream.body(), /CANARY-OF-ALICE/, `${user} ${id}`)
        }
      }
    })
  })

  it('a legacy disconnect leaves the call running to its end (FR41)', async () => {
    const wire = await opened('gina')
    const answer = await wire.post(call('gone', 'progress', { steps: 8, everyMs: 100, label: 'x' }, { progressToken: 1 }))
    await answer.next('first progress', (message) => message.method === 'notifications/progress')
    answer.cut()
    await until('it ends by itself', async () => (JSON.parse(textOf(await wire.call('cancelled'))) as { inFlight: number }).inFlight === 0)
    assert.deepEqual((JSON.parse(textOf(await wire.call('cancelled'))) as { cancelled: unknown[] }).cancelled, [])
  })
})
