import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { testRegistry } from '../session/session-parts.ts'
import { relayBench, relayedCall } from './bridge-parts.ts'

describe('a call on its way', () => {
  it('is its session\'s from the first moment, and no more once it is answered', async (t) => {
    const { session, begin, write } = await relayBench(t)
    const alice = session()
    const begun = await begin(alice)
    assert.deepEqual([...alice.calls], [begun.call])
    write({ id: begun.id, result: 1 }, { id: begun.id, result: 2 })
    await until('the answer', () => begun.replies.length > 0)
    begun.call.cancel('client_cancelled')
    assert.deepEqual([begun.replies, [...alice.calls], begun.call.cancelled], [[{ result: 1 }], [], undefined])
  })

  it('cancelled before it was sent it is never sent, and answered once', async (t) => {
    const { relay, session, got, saw } = await relayBench(t)
    const { call, replies } = relayedCall(session())
    call.cancel('session_closed')
    call.cancel('client_cancelled')
    const connection = await relay.connection()
    call.send(connection)
    connection.notify('notifications/last')
    await got('the last one', ({ method }) => method === 'notifications/last')
    assert.deepEqual([replies.map(({ error }) => error?.code), call.cancelled, saw('tools/call')], [[49901], 'session_closed', []])
  })

  it('withdrawn it is answered by nobody here', (t) => {
    const session = testRegistry(t).open()
    const { call, replies } = relayedCall(session)
    call.withdraw()
    call.onReply({ result: 1 })
    call.cancel('draining')
    assert.deepEqual([replies, [...session.calls], call.done], [[], [], true])
  })

  it('progress has the client\'s token, of the client\'s type, and none comes after the answer', async (t) => {
    const { session, begin, write } = await relayBench(t)
    const alice = session()
    for (const progressToken of ['mine', 7]) {
      const begun = await begin(alice, { params: { _meta: { progressToken } } })
      const progress = { method: 'notifications/progress', params: { progressToken: begun.id, progress: 1, total: 2 } }
      write(progress, { id: begun.id, result: 1 }, progress)
      await until('the answer', () => begun.replies.length > 0)
      assert.deepEqual(begun.exchange.log, [`emit {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${JSON.stringify(progressToken)},"progress":1,"total":2}}`])
    }
  })
})
