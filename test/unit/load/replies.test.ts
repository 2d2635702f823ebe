import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { journey } from '../../../load/journey.ts'
import { eventsOf, faultOfResult, type Reply } from '../../../load/replies.ts'

const json = (value: unknown, status = 200): Reply => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
const sse = (body: string): Reply => ({ status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body })

describe('an answer', () => {
  it('is right when it has the result of the id, as JSON or as one event among others', () => {
    assert.equal(faultOfResult(json({ id: 7, result: {} }), 7), undefined)
    assert.equal(faultOfResult(sse(': hello\n\nid: 0\ndata:\n\ndata: {"method":"notifications/message"}\n\nevent: message\ndata: {"id":7,\ndata: "result":{}}\n\n'), 7), undefined)
  })

  const wrong: ReadonlyArray<readonly [string, Reply, string]> = [
    ['another status', json({ id: 7, result: {} }, 429), 'HTTP 429'],
    ['an error', json({ id: 7, error: { code: 42901 } }), 'error 42901'],
    ["a tool's error", json({ id: 7, result: { isError: true } }), 'isError'],
    ["somebody else's answer", json({ id: 8, result: {} }), 'no answer in the body'],
    ['a question with the id', json({ id: 7, method: 'ping', result: {} }), 'no answer in the body'],
    ['no JSON', { ...json({}), body: '<html>' }, 'no answer in the body'],
    ['a stream that was cut', sse('data: {"id":7,"resu'), 'no answer in the body'],
    ['neither result nor error', json({ id: 7 }), 'no result']
  ]
  for (const [what, reply, fault] of wrong) it(`is wrong with ${what}`, () => { assert.equal(faultOfResult(reply, 7), fault) })

  it('events may end lines in any of three ways', () => {
    assert.deepEqual(eventsOf('data: a\n\ndata:b\r\n\r\ndata: c\r\r'), ['a', 'b', 'c'])
  })
})

describe('a journey', () => {
  it('that gets no session asks for nothing in it, and goes on with what needs none', () => {
    const steps = journey([{ server: 's', tool: 't', arguments: {} }])
    const names = []
    for (let turn = steps.next(); turn.done !== true; turn = steps.next(json({}, 503))) names.push(turn.value.name)
    assert.deepEqual(names, ['initialize', 'modern tools/call', 'plain batch'])
  })
})
