/** Modern requests of many clients at once: nobody gets another's answer, question, state or news (T18 to T21). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { Exchange, JsonRpc } from '../helpers/http-exchange.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { manyUsers, probe, roomyLimits, roomyPool } from '../helpers/server-entries.ts'

const USERS = 50
const CALLS = 20
const ELICIT = { method: 'elicitation/create', params: { message: 'who?', requestedSchema: { type: 'object', properties: {} } } }
const capabilities = { elicitation: {} }

/** Deterministic delays of 0 to 120 ms: overlapping, and in another order than they were sent. */
const delayOf = (user: number, call: number): number => (user * 37 + call * 53) % 120

describe('modern requests of many clients', () => {
  let gateway: TestGateway
  const users = manyUsers(USERS, ['acme', 'globex'])
  const wires: ModernWire[] = []
  const wireOf = (user: string, server: string): ModernWire => {
    const wire = createModernWire(`${gateway.url}/servers/${server}/mcp`, { ...gateway.keyOf(user).bearer })
    wires.push(wire)
    return wire
  }
  before(async () => {
    gateway = await startGateway({
      users,
      config: {
        mcpServers: { shared: probe({ isolation: 'shared' }), tenant: probe({ isolation: 'tenant' }), user: probe({ pool: roomyPool }) },
        limits: roomyLimits,
        pool: { maxWorkers: 200, maxWorkersPerTenant: 200 }
      }
    })
  })
  after(async () => {
    for (const wire of wires) wire.close()
    await gateway.stop()
  })

  for (const server of ['shared', 'tenant'] as const) {
    it(`${USERS} users × ${CALLS} calls at once on ${server} workers, all with id 1: ${USERS * CALLS} own answers (T18, T19)`, async () => {
      const answers = await Promise.all(users.flatMap(({ user }, index) => {
        const wire = wireOf(user, server)
        return Array.from({ length: CALLS }, async (_, call) => {
          const nonce = `nonce-of-${user}-call-${call}`
          const answer = await wire.call('echo', { text: nonce, delayMs: delayOf(index, call) }, { id: 1 })
          return { nonce, got: textOf(answer), id: answer.id }
        })
      }))
      assert.equal(answers.length, USERS * CALLS)
      assert.deepEqual(answers.filter(({ nonce, got, id }) => nonce !== got || id !== 1), [])
    })
  }

  it('progress of the same token from many users of one worker goes to its own request only (T20)', async () => {
    await Promise.all(users.slice(0, 12).map(async ({ user }, index) => {
      const begun = await wireOf(user, 'shared').begin('tools/call', { name: 'progress', arguments: { steps: 6, everyMs: 8, label: user } }, { id: 1, meta: { progressToken: 1, 'io.modelcontextprotocol/logLevel': 'debug' } })
      await answerOf(begun)
      const news = begun.messages().filter(({ method }) => method !== undefined)
      assert.deepEqual(news.map(({ method, params }) => [method, params?.['message'], params?.['progressToken']]), Array.from({ length: 6 }, () => ['notifications/progress', user, 1]), `${index}`)
    }))
  })

  it('log lines of a worker that several users have used reach none of them', async () => {
    const [one, two] = [wireOf('u0', 'shared'), wireOf('u1', 'shared')]
    await two.call('echo', { text: 'x' })
    const begun = await one.begin('tools/call', { name: 'log', arguments: { level: 'error', data: 'mine' } }, { meta: { 'io.modelcontextprotocol/logLevel': 'debug' } })
    await answerOf(begun)
    assert.deepEqual(begun.messages().filter(({ method }) => method !== undefined), [])
  })

  it('of twenty who wait for an answer, each gets its own question and goes on with its own state; no other opens it (T21)', async () => {
    const waiting = await Promise.all(users.slice(0, 20).map(async ({ user }) => {
      const wire = wireOf(user, 'user')
      const params = { name: 'ask', arguments: ELICIT }
      const { result } = await wire.request('tools/call', params, { id: 1, capabilities })
      assert.equal(result?.['resultType'], 'input_required', JSON.stringify(result))
      return { user, wire, params, requestState: result['requestState'] as string, key: Object.keys(result['inputRequests'] as object)[0] as string }
    }))
    assert.equal(new Set(waiting.map(({ requestState }) => requestState)).size, waiting.length)
    const stolen = await Promise.all(waiting.map(async ({ wire, params, key }, index) => {
      const { requestState } = waiting[(index + 1) % waiting.length] as (typeof waiting)[number]
      return await wire.request('tools/call', { ...params, requestState, inputResponses: { [key]: { action: 'accept', content: { thief: index } } } }, { id: 1, capabilities })
    }))
    assert.deepEqual(stolen.map(({ error }) => error?.code), waiting.map(() => -32602))
    const own = await Promise.all(waiting.map(async ({ user, wire, params, requestState, key }) => {
      const answer = await wire.request('tools/call', { ...params, requestState, inputResponses: { [key]: { action: 'accept', content: { user } } } }, { id: 1, capabilities })
      return (JSON.parse(textOf(answer)) as { result: { content: { user: string } } }).result.content.user
    }))
    assert.deepEqual(own, waiting.map(({ user }) => user))
  })
})

async function answerOf (begun: Exchange): Promise<JsonRpc> {
  return await begun.next('the answer', ({ id }) => id !== undefined, 20_000)
}
