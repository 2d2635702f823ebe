/** HTTP+SSE servers that are down, or want a token: the same as of Streamable HTTP, on a stream and POSTs (FR11, FR13, FR14). */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import type { ServerSettings } from '../../../../src/shared/settings/server.ts'
import { createEraVerdicts } from '../../../../src/upstream/era-verdicts.ts'
import { openSse } from '../../../../src/upstream/sse/open-sse.ts'
import { until } from '../../../helpers/until.ts'
import { json, listen, refuse, replied, testHealths } from '../http/http-parts.ts'
import { testCall, testPeer, wanted } from '../upstream-parts.ts'
import { at, ssePuppet } from './sse-parts.ts'

const BREAKER = { calls: 20, windowMs: 10_000, failedPercent: 50, openMs: 150, maxOpenMs: 150 }

/** A connection with what its entry shares. */
async function opened (t: TestContext, entry: Partial<ServerSettings>) {
  const thrown: unknown[] = []
  const healths = testHealths((error) => { thrown.push(error) })
  t.after(() => { healths.close() })
  const options = { version: '0', nowMs: () => performance.now(), healths, onFault: () => {}, onThrown: (error: unknown) => { thrown.push(error) } }
  const verdicts = createEraVerdicts({ file: undefined, wallMs: Date.now, onThrown: options.onThrown })
  const request = wanted(entry)
  const connection = await openSse(options, request, { process () {}, failed () {}, peer: () => testPeer() }, verdicts, new AbortController().signal)
  t.after(() => connection.close())
  return { connection, health: healths.of(request.server).health, thrown }
}

describe('an HTTP+SSE server that is down (FR14)', () => {
  it('whose POSTs are answered with 503: calls are refused without a POST, and a ping of ours finds it back', async (t) => {
    let isDown = true
    const puppet = await ssePuppet(t, {
      onPost (received) {
        if (isDown && received.id !== undefined && received.method !== 'initialize') refuse(received, 503)
        else if (received.method === 'tools/call') {
          refuse(received, 202)
          puppet.say({ id: received.id, result: { content: [] } })
        } else return false
        return true
      }
    })
    const { connection, health, thrown } = await opened(t, at(`${puppet.url}`, { breaker: BREAKER }))
    health.joined(connection)
    const call = async () => {
      const one = testCall()
      connection.call(one)
      return await replied(one)
    }
    for (let n = 0; n < 10; n++) assert.equal((await call()).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
    const sent = puppet.of('tools/call').length
    assert.equal(sent, 10)
    assert.equal((await call()).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
    assert.equal(puppet.of('tools/call').length, sent)
    isDown = false
    await until('calls go through', () => health.awayMs(true) === 0)
    assert.ok(puppet.of('ping').length > 0)
    assert.deepEqual((await call()).result, { content: [] })
    assert.deepEqual(thrown, [])
  })
})

describe('an HTTP+SSE server that wants a token of the gateway\'s own (FR13)', () => {
  it('has it on the stream and on every message; a refused message is sent again with the next one', async (t) => {
    let fetched = 0
    const { port } = await listen(t, (_request, response) => { json(response, { access_token: `token-${++fetched}`, token_type: 'Bearer' }) })
    let good = 'token-1'
    const puppet = await ssePuppet(t, {
      onPost (received) {
        if (received.headers.authorization !== `Bearer ${good}`) refuse(received, 401)
        else if (received.method === 'tools/call') {
          refuse(received, 202)
          puppet.say({ id: received.id, result: { content: [] } })
        } else return false
        return true
      }
    })
    const credentials = { tokenUrl: `http://127.0.0.1:${port}/token`, clientId: 'g', clientSecret: 's', clientAuthentication: 'basic', allowPrivateNetwork: true } as const
    const { connection } = await opened(t, at(puppet.url, { credentials }))
    assert.equal(puppet.verb('GET')[0]?.headers.authorization, 'Bearer token-1')
    good = 'token-2'
    const call = testCall()
    connection.call(call)
    assert.deepEqual((await replied(call)).result, { content: [] })
    assert.deepEqual([puppet.of('tools/call').length, fetched], [2, 2])
  })
})
