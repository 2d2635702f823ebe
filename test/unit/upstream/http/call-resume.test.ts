import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, legacyServer, open, refuse, replied, stream, type Received } from './http-parts.ts'

const lost = ERRORS.GW_UPSTREAM_LOST.rpcCode

describe('a call whose stream breaks off', () => {
  /** Ends the call's stream with an event id, and answers `polls` GETs with another id before the reply. */
  const polling = (polls: number, own: { readonly retry?: number, readonly status?: number } = {}) => {
    let call: Received | undefined
    let left = polls
    return (received: Received): void => {
      if (received.method === 'tools/call') {
        call = received
        const out = stream(received)
        out.raw(`id: e0\nretry: ${own.retry ?? 50}\ndata: \n\n`)
        out.end()
      } else if (received.verb === 'GET' && own.status !== undefined) refuse(received, own.status)
      else if (received.verb === 'GET') {
        const out = stream(received)
        if (left-- > 0) out.raw(`id: e${polls - left}\ndata:\n\n`)
        else {
          out.send({ method: 'notifications/message', params: { data: 1 } })
          out.send({ id: call?.id, result: { resumed: true } })
        }
        out.end()
      } else refuse(received, 202)
    }
  }

  it('after an event id is taken up again until its reply comes, as a server wants that is polled (SEP-1699)', async (t) => {
    const server = await legacyServer(t, polling(6))
    const { connection, peer } = await open(t, server.url)
    const call = testCall()
    connection.call(call)
    assert.deepEqual(await replied(call), { result: { resumed: true } })
    assert.deepEqual(server.verb('GET').map((one) => one.headers['last-event-id']), [undefined, 'e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6'])
    assert.equal(server.of('tools/call').length, 1)
    assert.equal(peer.heard[0]?.about, call)
    assert.equal(connection.inFlight.size, 0)
  })

  it('waits as long as the server wants', async (t) => {
    const server = await legacyServer(t, polling(0, { retry: 400 }))
    const { connection } = await open(t, server.url)
    const startMs = performance.now()
    assert.deepEqual(await ask(connection), { result: { resumed: true } })
    assert.ok(performance.now() - startMs >= 395)
  })

  it('is lost where streams cannot be taken up, and when the session is gone: never sent again', async (t) => {
    for (const status of [405, 404, 400]) {
      const server = await legacyServer(t, polling(0, { status }))
      const { connection } = await open(t, server.url)
      assert.equal((await ask(connection)).error?.code, lost)
      assert.equal(server.of('tools/call').length, 1)
      assert.equal(server.of('initialize').length, 1)
    }
  })

  it('is lost after some tries that bring nothing', async (t) => {
    const server = await legacyServer(t, (received) => {
      if (received.method === 'tools/call') {
        const out = stream(received)
        out.raw('id: e0\nretry: 50\ndata: \n\n')
        out.end()
      } else if (received.verb === 'GET') received.response.destroy()
    })
    const { connection } = await open(t, server.url)
    assert.equal((await ask(connection)).error?.code, lost)
    assert.equal(server.verb('GET').filter((one) => one.headers['last-event-id'] === 'e0').length, 3)
  })

  it('is over with its deadline while it waits', async (t) => {
    const server = await legacyServer(t, polling(0, { retry: 60_000 }))
    const { connection } = await open(t, server.url)
    assert.equal((await ask(connection, { timeoutMs: 1000 })).error?.code, ERRORS.GW_UPSTREAM_DEADLINE.rpcCode)
    await server.got('the cancellation', (one) => one.method === 'notifications/cancelled')
  })

  it('is answered on its own resumed stream only', async (t) => {
    let call: Received | undefined
    const server = await legacyServer(t, (received) => {
      if (received.method === 'tools/call') {
        call = received
        const out = stream(received)
        out.raw('id: e0\nretry: 50\ndata: \n\n')
        out.end()
      } else if (received.verb === 'GET') stream(received).send({ id: (call?.id as number) + 65_536, result: {} })
    })
    const { connection, faults } = await open(t, server.url)
    connection.call(testCall())
    await until('the lie is noticed', () => faults.includes('unknown_id'))
    assert.equal(connection.inFlight.size, 1)
  })
})
