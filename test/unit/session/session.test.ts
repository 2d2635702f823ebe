import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CancellableCall, Session } from '../../../src/session/index.ts'
import type { JsonRpcId, Reply } from '../../../src/protocol/index.ts'
import { testExchange, testReader, testRegistry } from './session-parts.ts'
import type { TestReader } from './session-parts.ts'

/** A call that notes how it ended. */
function call (session: Session, clientId: JsonRpcId, own: Partial<CancellableCall> = {}): CancellableCall & { readonly ends: string[] } {
  const ends: string[] = []
  const made = { clientId, exchange: testExchange(), cancelOnDisconnect: false, cancel: (reason: string) => { ends.push(reason) }, ends, ...own }
  session.calls.add(made)
  return made
}

function listen (session: Session): TestReader {
  const reader = testReader()
  session.attachReader(reader)
  return reader
}

const never = new AbortController().signal

describe('GET streams', () => {
  it('a message goes to one stream, the newest; when it goes, the one before it takes over, and nothing is lost or doubled', (t) => {
    const session = testRegistry(t).open()
    const [first, second] = [listen(session), listen(session)]
    session.send('"one"')
    session.detachReader(second)
    session.send('"two"')
    assert.deepEqual([first.texts(), second.texts()], [['"two"'], ['"one"']])
    assert.equal(first.ended, false)
  })

  it('what came while nobody listened goes to the next reader', (t) => {
    const session = testRegistry(t).open()
    session.send('"early"')
    const reader = listen(session)
    reader.broken = true
    session.send('"lost on the way"')
    session.detachReader(reader)
    assert.deepEqual([reader.texts(), listen(session).texts()], [['"early"'], ['"lost on the way"']])
  })

  it('a reader that resumes gets what it missed', (t) => {
    const session = testRegistry(t).open()
    session.greet({ protocolVersion: '2025-11-25', capabilities: {} })
    const reader = listen(session)
    for (const text of ['1', '2', '3']) session.send(text)
    const second = reader.events.find(({ data }) => data === '2')?.id
    const found = session.log.find(second ?? '')
    assert.ok(found !== undefined && found !== 'over' && session.isStandalone(found.stream))
    const again = testReader()
    session.attachReader(again, found.after)
    assert.deepEqual(again.texts(), ['3'])
  })

  it('of too many the oldest is ended', (t) => {
    const session = testRegistry(t).open()
    const readers = Array.from({ length: 5 }, () => testReader())
    assert.deepEqual(readers.map((reader) => session.attachReader(reader)), [false, false, false, false, true])
    assert.deepEqual(readers.map(({ ended }) => ended), [true, false, false, false, false])
    assert.equal(session.detachReader(readers[0] ?? testReader()), false)
  })

  it('priming is for HTTP clients of 2025-11-25', (t) => {
    const { open } = testRegistry(t)
    for (const [face, protocolVersion, primed] of [['http', '2025-11-25', true], ['http', '2025-06-18', false], ['sse', '2025-11-25', false]] as const) {
      const session = open({ face })
      session.greet({ protocolVersion, capabilities: {} })
      assert.equal(listen(session).events.length, primed ? 1 : 0, `${face} ${protocolVersion}`)
    }
  })
})

describe('cancel (T18, T20)', () => {
  it('ends the one call of that id and type', (t) => {
    const session = testRegistry(t).open()
    const calls = [call(session, 1), call(session, '1'), call(session, 2)]
    session.cancelCall('1')
    session.cancelCall(3)
    session.cancelCall(undefined)
    assert.deepEqual(calls.map(({ ends }) => ends), [[], ['client_cancelled'], []])
  })

  it('ends none of several calls with the same id', (t) => {
    const session = testRegistry(t).open()
    const calls = [call(session, 1), call(session, 1)]
    session.cancelCall(1)
    assert.deepEqual(calls.map(({ ends }) => ends), [[], []])
  })

  it('a lost connection ends those of its calls that the operator wants ended', (t) => {
    const session = testRegistry(t).open()
    const exchange = testExchange()
    const calls = [call(session, 1, { exchange, cancelOnDisconnect: true }), call(session, 2, { exchange }), call(session, 3, { cancelOnDisconnect: true })]
    session.disconnected(exchange)
    assert.deepEqual(calls.map(({ ends }) => ends), [['client_disconnected'], [], []])
  })
})

describe('questions to the client', () => {
  const ask = (session: Session, own: Partial<Parameters<Session['ask']>[3]> = {}, exchange = testExchange(), params: Record<string, unknown> = {}): { reply: Promise<Reply | undefined>, exchange: typeof exchange } => {
    return { reply: session.ask('elicitation/create', params, exchange, { signal: never, timeoutMs: 60_000, ...own }), exchange }
  }

  it('travel on the request they belong to under ids of our own, and are answered by those only', async (t) => {
    const session = testRegistry(t).open()
    const [one, two] = [ask(session), ask(session)]
    assert.deepEqual(one.exchange.log, ['emit {"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}'])
    assert.match(two.exchange.log[0] ?? '', /"id":2/)
    for (const id of ['1', 3, '2', 0]) session.answer(id, { result: 'wrong' })
    session.answer(2, { result: 'second' })
    session.answer(2, { result: 'again' })
    session.answer(1, { result: 'first' })
    assert.deepEqual([await one.reply, await two.reply], [{ result: 'first' }, { result: 'second' }])
  })

  it('without a request go on the GET stream', async (t) => {
    const session = testRegistry(t).open()
    const reader = listen(session)
    const reply = session.ask('roots/list', undefined, undefined, { signal: never, timeoutMs: 60_000 })
    assert.deepEqual(reader.texts(), ['{"jsonrpc":"2.0","id":1,"method":"roots/list"}'])
    session.answer(1, { result: { roots: [] } })
    assert.deepEqual(await reply, { result: { roots: [] } })
  })

  it('that the server withdraws, or that take too long, are withdrawn from the client', async (t) => {
    const session = testRegistry(t).open()
    const aborter = new AbortController()
    const withdrawn = ask(session, { signal: aborter.signal })
    const late = ask(session, { timeoutMs: 1 })
    aborter.abort()
    assert.deepEqual([await withdrawn.reply, await late.reply], [undefined, undefined])
    for (const [{ exchange }, id] of [[withdrawn, 1], [late, 2]] as const) {
      assert.equal(exchange.log[1], `emit {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":"no longer needed"}}`)
    }
  })

  it('are refused beyond a bound, when withdrawn before they were put, and by a session that has ended', async (t) => {
    const { open, registry } = testRegistry(t)
    const session = open()
    const open100 = Array.from({ length: 100 }, () => ask(session))
    const more = ask(session)
    assert.deepEqual([await more.reply, more.exchange.log], [undefined, []])
    registry.close(session)
    assert.deepEqual(new Set(await Promise.all(open100.map(({ reply }) => reply))), new Set([undefined]))
    assert.equal(await ask(session).reply, undefined)
    assert.equal(await ask(open(), { signal: AbortSignal.abort() }).reply, undefined)
  })

  it('that JSON cannot express again reach nobody', async (t) => {
    const session = testRegistry(t).open()
    const deep = JSON.parse('{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)) as Record<string, unknown>
    assert.equal(await ask(session, {}, testExchange(), deep).reply, undefined)
  })

  it('hear of progress under the id they were given, only if the server asked for it', (t) => {
    const session = testRegistry(t).open()
    const heard: unknown[] = []
    const { exchange } = ask(session, { onProgress: (params) => { heard.push(params['progress']) } }, testExchange(), { _meta: { progressToken: 'servers', keep: 1 } })
    ask(session)
    assert.match(exchange.log[0] ?? '', /"_meta":{"progressToken":1,"keep":1}/)
    for (const progressToken of [1, 2, 3, '1', 'servers', undefined]) session.askProgress({ progressToken, progress: String(progressToken) })
    session.askProgress(undefined)
    assert.deepEqual(heard, ['1'])
  })
})

describe('the end', () => {
  it('cancels calls, ends streams and tells listeners, once', (t) => {
    const { open, registry } = testRegistry(t)
    const session = open()
    const running = call(session, 1)
    const reader = listen(session)
    let told = 0
    session.onClose(() => { told++ })
    registry.close(session)
    session.close()
    session.onClose(() => { told++ })
    assert.deepEqual([running.ends, reader.ended, told], [['session_closed'], true, 2])
    session.send('"late"')
    session.notify('notifications/message', {})
    assert.deepEqual(reader.texts(), [])
  })

  it('answers of cancelled calls still go over the stream that is the session (HTTP+SSE)', (t) => {
    const session = testRegistry(t).open({ face: 'sse' })
    const reader = listen(session)
    call(session, 1, { cancel: () => { session.send('"cut short"') } })
    session.close('draining')
    assert.deepEqual([reader.texts(), reader.ended], [['"cut short"'], true])
  })
})

it('log levels: everything until the client says otherwise, then that and worse', (t) => {
  const session = testRegistry(t).open()
  assert.ok(session.wantsLog('debug'))
  session.logLevel = 'warning'
  assert.deepEqual(['debug', 'info', 'warning', 'error', 'shout', undefined].map((level) => session.wantsLog(level)), [false, false, true, true, false, false])
})
