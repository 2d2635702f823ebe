import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { runs } from '../upstream/upstream-parts.ts'
import { routeTo, startGateway } from './gateway-parts.ts'

const echo = runs('echo.mjs')
const call = (toolName: string, args: Record<string, unknown> = {}): { toolName: string, arguments: Record<string, unknown> } => ({ toolName, arguments: args })
const noAbort = new AbortController().signal

describe('plain tool calls (R7)', () => {
  it('run and are told of like others', async (t) => {
    const { gateway, caller, audit } = await startGateway(t, { servers: { echo } })
    const run = (name: string, args?: Record<string, unknown>): ReturnType<typeof gateway.callTool> => gateway.callTool(caller(), routeTo('echo'), call(name, args), noAbort)
    assert.deepEqual(await run('echo', { text: 'hi' }), { ok: true, result: { content: [{ type: 'text', text: 'hi' }] } })
    assert.deepEqual(await run('fail'), { ok: true, result: { content: [{ type: 'text', text: 'failed on purpose' }], isError: true } })
    assert.deepEqual(await run('no-such'), { ok: false, error: { code: -32602, message: 'Unknown tool: no-such' } })
    assert.deepEqual(audit.map(({ outcome }) => outcome), ['ok', 'tool_error', 'error'])
  })

  it('cannot be asked anything', async (t) => {
    const { gateway, caller } = await startGateway(t, { servers: { echo: { ...echo, capabilities: { fixed: { elicitation: {} } } } } })
    const outcome = await gateway.callTool(caller(), routeTo('echo'), call('ask', { method: 'elicitation/create', params: {} }), noAbort)
    assert.match(JSON.stringify(outcome), /cancel/)
  })

  it('refused they say so with their error, hidden they are unknown', async (t) => {
    const { gateway, caller } = await startGateway(t, { servers: { echo: { ...echo, tools: { deny: ['env'], timeoutMs: {}, callsPerMinute: {} } } }, limits: { callsPerMinute: 1 } })
    const run = (name: string, scopes?: readonly string[]): ReturnType<typeof gateway.callTool> => gateway.callTool(caller('alice', scopes === undefined ? {} : { scopes }), routeTo('echo'), call(name, { text: 'x' }), noAbort)
    assert.deepEqual(await run('env'), { ok: false, error: { code: -32602, message: 'Unknown tool.' } })
    const scope = await run('echo', ['tools:read'])
    assert.equal(!scope.ok && scope.refused?.code, 'GW_AUTH_SCOPE')
    assert.equal((await run('echo')).ok, true)
    const limited = await run('echo')
    assert.equal(!limited.ok && limited.refused?.code, 'GW_LIMIT_RATE')
  })

  it('end when their caller has gone: running, waiting in line, or before', async (t) => {
    const { gateway, caller, workers, calls } = await startGateway(t, { servers: { echo }, limits: { concurrentCalls: 1 } })
    const gone = AbortSignal.abort()
    assert.deepEqual(await gateway.callTool(caller(), routeTo('echo'), call('echo'), gone), { ok: false, error: { code: 49901, message: 'The request was cancelled.' } })
    assert.equal(workers(), 0)
    const aborters = [new AbortController(), new AbortController()]
    const outcomes = aborters.map(({ signal }) => gateway.callTool(caller(), routeTo('echo'), call('sleep', { ms: 60_000 }), signal))
    await until('both are there', () => gateway.callsInFlight === 2)
    for (const aborter of aborters.reverse()) aborter.abort()
    for (const outcome of await Promise.all(outcomes)) assert.equal(!outcome.ok && outcome.error.code, 49901)
    assert.deepEqual([gateway.callsInFlight, calls], [0, ['echo tools/call cancelled', 'echo tools/call cancelled', 'echo tools/call cancelled']])
    assert.equal((await gateway.callTool(caller(), routeTo('echo'), call('echo', { text: 'free again' }), noAbort)).ok, true)
  })

  it('many of one request that goes are all cancelled, without a warning', async (t) => {
    const { gateway, caller } = await startGateway(t, { servers: { echo } })
    const warnings: unknown[] = []
    const onWarning = (warning: unknown): void => { warnings.push(warning) }
    process.on('warning', onWarning)
    t.after(() => process.off('warning', onWarning))
    const aborter = new AbortController()
    const outcomes = Array.from({ length: 50 }, () => gateway.callTool(caller(), routeTo('echo'), call('sleep', { ms: 60_000 }), aborter.signal))
    await until('they are there', () => gateway.callsInFlight === 50)
    aborter.abort()
    assert.ok((await Promise.all(outcomes)).every((outcome) => !outcome.ok))
    assert.deepEqual(warnings, [])
  })

  it('let go of their worker: idle it is reaped, at isolation call at once', async (t) => {
    const { gateway, caller, workers, clock } = await startGateway(t, { servers: { echo: { ...echo, pool: { warm: 0, max: 9, maxPerTenant: 9, idleMs: 1000 } }, once: { ...echo, isolation: 'call' } } })
    await gateway.callTool(caller(), routeTo('once'), call('echo', { text: 'x' }), noAbort)
    await until('it is gone', () => workers() === 0)
    await gateway.callTool(caller(), routeTo('echo'), call('echo', { text: 'x' }), noAbort)
    assert.equal(workers(), 1)
    clock.advance(1000)
    await until('it is reaped', () => workers() === 0)
  })
})
