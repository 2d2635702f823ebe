import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify, { type FastifyReply } from 'fastify'
import { sendText } from '../../routes/answer/send-text.ts'
import { turnEnd } from '../../src/shared/turn-end.ts'

/** What a client gets of a text, and whether it was written at once. */
async function sent (t: TestContext, text: string): Promise<{ readonly atOnce: boolean, readonly body: string, readonly length: string | null }> {
  let atOnce: boolean | undefined
  const app = Fastify()
  t.after(() => app.close())
  app.decorate('securityHeaders', {}).decorate('securityLines', []).decorate('hasCors', false)
  app.get('/', (_request, reply: FastifyReply) => {
    sendText(reply, text)
    atOnce = reply.raw.writableEnded
  })
  const response = await fetch(await app.listen({ host: '127.0.0.1', port: 0 }))
  assert.ok(atOnce !== undefined)
  return { atOnce, body: await response.text(), length: response.headers.get('content-length') }
}

/** While other calls wait for HTTP servers. */
function whileOthersWait (t: TestContext): void {
  turnEnd.unanswered++
  t.after(() => { turnEnd.unanswered-- })
}

describe('answers of one turn of the event loop', () => {
  it('one that is alone is written at once', async (t) => {
    assert.deepEqual(await sent(t, '{"a":1}'), { atOnce: true, body: '{"a":1}', length: '7' })
  })

  it('beside calls to HTTP servers it is written at the end of the turn, whole and as it is', async (t) => {
    whileOthersWait(t)
    assert.deepEqual(await sent(t, '{"a":1}'), { atOnce: false, body: '{"a":1}', length: '7' })
    assert.deepEqual(await sent(t, '{"a":"\u00e9\u{1f600}"}'), { atOnce: false, body: '{"a":"\u00e9\u{1f600}"}', length: '14' })
  })

  it('a large one is written at once, and counted with what is held', async (t) => {
    whileOthersWait(t)
    const text = JSON.stringify('x'.repeat(16_384))
    assert.deepEqual(await sent(t, text), { atOnce: true, body: text, length: String(text.length) })
  })

  it('one whose client went in the same turn harms nobody', async (t) => {
    whileOthersWait(t)
    const app = Fastify()
    t.after(() => app.close())
    app.decorate('securityHeaders', {}).decorate('securityLines', []).decorate('hasCors', false)
    const ended: boolean[] = []
    app.get('/gone', (_request, reply: FastifyReply) => {
      sendText(reply, '1')
      reply.raw.destroy()
      turn().then(() => ended.push(reply.raw.writableEnded), assert.ifError)
    })
    app.get('/', (_request, reply: FastifyReply) => { sendText(reply, '2') })
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    const [gone, other] = await Promise.allSettled([fetch(`${origin}/gone`), fetch(origin).then((response) => response.text())])
    assert.equal(gone.status, 'rejected')
    assert.deepEqual(other, { status: 'fulfilled', value: '2' })
    assert.deepEqual(ended, [true])
  })
})
