import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ModernClient, Parks, RequestStates } from '../../../src/bridge/index.ts'
import { createSealer } from '../../../src/seal/index.ts'
import { caller } from '../limits/callers.ts'
import { serverRoute, testExchange, type TestExchange } from '../session/session-parts.ts'
import { ABLE, FORM, SAMPLE } from './script-parts.ts'

interface Asked { readonly client: ModernClient, readonly exchange: TestExchange, readonly ask: (question: { method: string, params: object }, abort?: AbortController) => string[] }

function asking (t: TestContext): Asked {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const parks = new Parks(new RequestStates(createSealer(undefined, Date.now)))
  const exchange = testExchange()
  const subject = { principal: caller('alice'), route: serverRoute('srv'), method: 'tools/call', params: { name: 'x' } }
  const client = new ModernClient(subject, { exchange, id: 1, capabilities: ABLE, logLevel: undefined, progressToken: undefined }, parks)
  return {
    client,
    exchange,
    ask ({ method, params }, abort = new AbortController()) {
      const settled: string[] = []
      client.ask(method, { ...params }, client, { signal: abort.signal, timeoutMs: 1 }).then((reply) => { settled.push(JSON.stringify(reply) ?? 'nothing') }, () => undefined)
      return settled
    }
  }
}

const keysIn = ({ log }: TestExchange): string[] => [...log.join().matchAll(/"((?:elicitation|sampling)-\d+)":/g)].map(([, key]) => key as string)
const settle = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

describe('what is asked of a modern request', () => {
  it('within a moment is put together; what comes later has its own round', (t) => {
    const { exchange, ask } = asking(t)
    ask(FORM)
    t.mock.timers.tick(20)
    ask(SAMPLE)
    assert.deepEqual(exchange.log, [])
    t.mock.timers.tick(10)
    assert.deepEqual([exchange.log.length, keysIn(exchange)], [1, ['elicitation-1', 'sampling-2']])
    ask(FORM)
    t.mock.timers.tick(1000)
    assert.equal(exchange.log.length, 1)
  })

  it('is never put when the answer is there first, or when the server takes it back', async (t) => {
    const { client, exchange, ask } = asking(t)
    const abort = new AbortController()
    const withdrawn = ask(SAMPLE, abort)
    abort.abort()
    t.mock.timers.tick(30)
    assert.deepEqual(exchange.log, [])
    const late = ask(FORM)
    client.finish(0, { result: { done: true } })
    t.mock.timers.tick(30)
    await settle()
    assert.deepEqual([exchange.log, withdrawn, late], [['finish 1 {"result":{"done":true}}'], ['nothing'], ['nothing']])
    const over = ask(FORM)
    await settle()
    assert.deepEqual(over, ['nothing'])
  })

  it('is at most thirty-two questions at a time', async (t) => {
    const { exchange, ask } = asking(t)
    const all = Array.from({ length: 33 }, () => ask(FORM))
    t.mock.timers.tick(30)
    await settle()
    assert.deepEqual([keysIn(exchange).length, all.filter((settled) => settled.length > 0)], [32, [all[32]]])
  })
})
