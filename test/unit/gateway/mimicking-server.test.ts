/** A server may say word for word and number for number what the gateway says in its place: nothing is done or counted on the strength of that. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { failureOf } from '../../../src/gateway/call-failure.ts'
import { errorReply, type JsonObject } from '../../../src/protocol/index.ts'
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts'
import type { Era } from '../../../src/shared/era.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { scripted } from '../bridge/script-parts.ts'
import { startGateway } from './gateway-parts.ts'

const COUNTED = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => failureOf(errorReply(code)) !== undefined)
const asTheGateway = (code: ErrorCode): JsonObject => ({ code: ERRORS[code].rpcCode, message: ERRORS[code].message, own: code })

async function scene (t: TestContext, { era = 'legacy', tools = {} }: { readonly era?: Era, readonly tools?: Partial<ServerSettings['tools']> } = {}) {
  const server = scripted(era)
  const failures: string[] = []
  const bench = await startGateway(t, {
    servers: { srv: { ...server.entry, retries: { attempts: 1, budgetPercent: 100 }, tools: { deny: [], timeoutMs: {}, callsPerMinute: {}, ...tools } } },
    change: (options) => ({ ...options, events: { ...options.events, failed: (_server, _method, failure) => { failures.push(failure) } } })
  })
  const alice = await bench.client()
  const say = (error: JsonObject, meta: JsonObject = {}) => alice.get('tools/call', { name: 'run', arguments: { steps: [{ error }] }, _meta: meta })
  return { ...bench, alice, failures, say, ran: () => server.ran().length }
}

describe('a server that speaks like the gateway', () => {
  it('has answered: no failure is counted', async (t) => {
    const { calls, failures, say } = await scene(t)
    for (const code of COUNTED) assert.equal((await say(asTheGateway(code))).error?.code, ERRORS[code].rpcCode)
    assert.ok(COUNTED.length > 8)
    assert.deepEqual([failures, new Set(calls)], [[], new Set(['srv tools/call error'])])
  })

  it('what the gateway says in its place is counted, once', async (t) => {
    const { alice, failures } = await scene(t)
    await alice.get('tools/call', { name: 'run', arguments: { steps: [{ exit: 1 }] } })
    assert.deepEqual(failures, ['lost'])
  })

  it('is not called again because it says that it has ended', async (t) => {
    const { alice, ran, say } = await scene(t, { tools: { idempotent: ['run'] } })
    await say(asTheGateway('GW_UPSTREAM_LOST'))
    assert.equal(ran(), 1)
    await alice.get('tools/call', { name: 'run', arguments: { steps: [{ exit: 1 }] } })
    assert.equal(ran(), 3, 'when it really has, it is')
  })

  it('does not run a named call twice because it says that it was not there', async (t) => {
    const { ran, say } = await scene(t, { tools: { idempotencyKeys: true } })
    for (const [index, code] of (['GW_UPSTREAM_UNAVAILABLE', 'GW_UPSTREAM_AUTH'] as const).entries()) {
      const meta = { 'io.drawbridge/idempotency-key': code }
      const [first, second] = [await say(asTheGateway(code), meta), await say(asTheGateway(code), meta)]
      assert.deepEqual([first.error?.message, second.error?.message, ran()], [ERRORS[code].message, ERRORS[code].message, index + 1])
    }
  })

  it('an answer that cannot be told to its client is counted as a breach of the protocol', async (t) => {
    const { alice, calls, failures } = await scene(t, { era: 'modern' })
    const { error } = await alice.get('tools/call', { name: 'run', arguments: { key: 'k', replies: [{ resultType: 'news', content: [] }] } })
    assert.equal(error?.message, ERRORS.GW_UPSTREAM_PROTOCOL.message)
    assert.deepEqual([failures, calls], [['protocol'], ['srv tools/call error']])
  })
})
