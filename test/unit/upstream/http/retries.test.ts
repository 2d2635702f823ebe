import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ERRORS } from '../../../../src/shared/errors.ts'
import type { ServerSettings } from '../../../../src/shared/settings/server.ts'
import { until } from '../../../helpers/until.ts'
import { testCall } from '../upstream-parts.ts'
import { ask, httpWanted, legacyServer, modernServer, open, refuse, replied, result, stream, type Received } from './http-parts.ts'

const RETRIES = { attempts: 2, budgetPercent: 10 }
const BREAKER = { calls: 20, windowMs: 10_000, failedPercent: 50, openMs: 60_000, maxOpenMs: 60_000 }

/** Answers what it is asked with the next of these; the last one is for all that come after. */
function inTurn (...answers: ReadonlyArray<(received: Received) => void>) {
  let at = 0
  return (received: Received): void => { answers[Math.min(at++, answers.length - 1)]?.(received) }
}

const drop = ({ response }: Received): void => { response.destroy() }
const with503 = (received: Received): void => { refuse(received, 503) }
const fine = (received: Received): void => { result(received, { content: [] }) }

for (const era of ['legacy', 'modern'] as const) {
  async function openedWith (t: TestContext, handle: (received: Received) => void, own: Partial<ServerSettings> = {}) {
    const server = era === 'legacy' ? await legacyServer(t, handle) : await modernServer(t, handle)
    const settings = { retries: RETRIES, ...own }
    const parts = await open(t, server.url, settings, { era })
    const { health } = parts.healths.of(httpWanted(server.url, settings).server)
    return { server, health, ...parts }
  }

  describe(`what is sent again to a ${era} server (FR11)`, () => {
    it('a call that the operator calls repeatable, after a lost connection and after 502, 503 and 504', async (t) => {
      for (const trouble of [drop, with503, (received: Received) => { refuse(received, 502) }, (received: Received) => { refuse(received, 504) }]) {
        const { connection, server } = await openedWith(t, inTurn(trouble, trouble, fine))
        assert.deepEqual((await ask(connection, { repeatable: true })).result, { content: [] })
        assert.equal(server.of('tools/call').length, 3)
      }
    })

    it('no other call: not after a lost connection, a 503, or a stream that broke off', async (t) => {
      for (const trouble of [drop, with503, (received: Received) => { stream(received).end() }]) {
        const { connection, server } = await openedWith(t, inTurn(trouble, fine))
        assert.ok((await ask(connection)).error)
        assert.equal(server.of('tools/call').length, 1)
      }
    })

    it('nothing after 500, 4xx and an answer', async (t) => {
      for (const status of [500, 400, 401, 403, 429]) {
        const { connection, server } = await openedWith(t, (received) => { refuse(received, status) })
        await ask(connection, { method: 'tools/list' })
        assert.equal(server.of('tools/list').length, 1, String(status))
      }
    })

    it('not more than a tenth of the load, when everything fails', async (t) => {
      const { connection, server } = await openedWith(t, with503)
      for (let n = 0; n < 100; n++) await ask(connection, { repeatable: true })
      const retries = server.of('tools/call').length - 100
      // 20 saved up, 10 of the load, and one a second.
      assert.ok(retries >= 20 && retries <= 40, `${retries} retries`)
    })

    it('not once the circuit is open; what comes then is not sent and refused as unavailable (FR14)', async (t) => {
      const { connection, server } = await openedWith(t, with503, { breaker: BREAKER })
      for (let n = 0; n < 10; n++) await ask(connection)
      const reply = await ask(connection)
      assert.equal(reply.error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
      assert.equal(server.of('tools/call').length, 10)
      assert.equal((await ask(connection, { method: 'tools/list' })).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
      assert.equal(server.of('tools/list').length, 0)
    })

    it('a call that waits for its next try keeps its deadline, and is said to have run perhaps', async (t) => {
      const { connection } = await openedWith(t, drop, { retries: { attempts: 5, budgetPercent: 100 } })
      const call = { ...testCall(), repeatable: true, timeoutMs: 300 }
      connection.call(call)
      const { error } = await replied(call)
      assert.ok(error?.code === ERRORS.GW_UPSTREAM_DEADLINE.rpcCode || error?.code === ERRORS.GW_UPSTREAM_LOST.rpcCode, JSON.stringify(error))
    })
  })

  describe(`what opens the circuit of a ${era} server (FR14)`, () => {
    it('errors in results, refusals of a request or a credential, and cancelled calls do not', async (t) => {
      for (const status of [0, 400, 401, 403, 404, 429, 500]) {
        const { connection, health } = await openedWith(t, (received) => { if (status === 0) result(received, { content: [], isError: true }); else refuse(received, status, -32000) }, { breaker: BREAKER })
        for (let n = 0; n < 30; n++) await ask(connection)
        for (let n = 0; n < 30; n++) {
          const call = testCall()
          connection.call(call).cancel('client_cancelled')
          await replied(call)
        }
        assert.equal(health.state, 'closed', String(status))
      }
    })

    it('deadlines do', async (t) => {
      const { connection, server } = await openedWith(t, () => {}, { breaker: BREAKER })
      // Long enough for all of them to be sent: one that was not says nothing about the server.
      await Promise.all(Array.from({ length: 10 }, () => ask(connection, { timeoutMs: 1000 })))
      assert.equal((await ask(connection)).error?.code, ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
      assert.equal(server.of('tools/call').length, 10)
    })

    it('it closes when a request of ours is answered again, which no call is used for', async (t) => {
      let isDown = true
      const { connection, server, health } = await openedWith(t, (received) => { if (isDown) with503(received); else fine(received) }, { breaker: { ...BREAKER, openMs: 200, maxOpenMs: 200 } })
      health.joined(connection)
      for (let n = 0; n < 10; n++) await ask(connection)
      assert.equal(health.state, 'open')
      const sent = server.of('tools/call').length
      isDown = false
      await until('the circuit lets calls through', () => health.awayMs(true) === 0)
      assert.equal(server.of('tools/call').length, sent)
      assert.deepEqual((await ask(connection)).result, { content: [] })
    })
  })
}
