import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Reply } from '../../../../src/protocol/index.ts'
import { until } from '../../../helpers/until.ts'
import type { Received } from '../http/http-parts.ts'
import { testCall } from '../upstream-parts.ts'
import type { TestCall } from '../upstream-parts.ts'
import { at, open, ssePuppet } from './sse-parts.ts'

const answered = (call: TestCall): Promise<Reply> => until('an answer', () => call.replies[0])
const isCall = ({ method }: Received): boolean => method === 'tools/call'

describe('a message that is not taken', () => {
  const rows: ReadonlyArray<readonly [string, (received: Received) => void, number, boolean]> = [
    ['401: the gateway is not let in', ({ response }) => { response.writeHead(401).end() }, 50201, true],
    ['400: the server does not understand', ({ response }) => { response.writeHead(400).end('no') }, 50201, true],
    ['302: redirects are not followed', ({ response }) => { response.writeHead(302, { location: '/elsewhere' }).end() }, 50201, true],
    ['503: nothing ran', ({ response }) => { response.writeHead(503).end() }, 50301, true],
    ['429: nothing ran', ({ response }) => { response.writeHead(429).end() }, 50301, true],
    ['500: it may have run', ({ response }) => { response.writeHead(500).end() }, 50201, true],
    ['cut off: it may have run', ({ response }) => { response.destroy() }, 50201, true],
    ['404: nothing ran, and the session is gone', ({ response }) => { response.writeHead(404).end() }, 50301, false]
  ]
  for (const [what, refuse, code, isOpen] of rows) {
    it(what, async (t) => {
      const puppet = await ssePuppet(t, { onPost: (received) => { if (isCall(received)) refuse(received); return isCall(received) } })
      const { connection, peer, faults } = await open(t, at(puppet.url))
      const call = testCall()
      connection.call(call)
      assert.equal((await answered(call)).error?.code, code)
      assert.deepEqual([connection.open, peer.ends, connection.inFlight.size, faults, puppet.verb('POST').filter(isCall).length], [isOpen, isOpen ? 0 : 1, 0, [], 1])
      if (!isOpen) await until('all is closed', () => puppet.sockets.size === 0)
    })
  }

  it('changes nothing for a call that has its answer already', async (t) => {
    const refusals: Array<() => void> = []
    const puppet = await ssePuppet(t, { onPost: (received) => { if (isCall(received)) refusals.push(() => { received.response.writeHead(500).end() }); return isCall(received) } })
    const { connection } = await open(t, at(puppet.url))
    const [call, next] = [testCall(), testCall()]
    connection.call(call)
    const { id } = await puppet.got('the call', isCall)
    puppet.say({ id, result: 'done' })
    assert.deepEqual(await answered(call), { result: 'done' })
    connection.call(next)
    await until('it has both', () => refusals.length === 2)
    for (const refuse of refusals) refuse()
    assert.equal((await answered(next)).error?.code, 50201)
    assert.equal(call.replies.length, 1)
  })

  it('more than there is room for are refused at once (FR09)', async (t) => {
    const puppet = await ssePuppet(t, { onPost: isCall })
    const { connection } = await open(t, at(puppet.url))
    const calls = Array.from({ length: 1001 }, () => testCall())
    for (const call of calls) connection.call(call)
    assert.deepEqual(calls.map(({ replies }) => replies[0]?.error?.code).filter((code) => code !== undefined), [50301])
    const big = testCall({ params: { text: 'x'.repeat(33 * 2 ** 20) } })
    const other = await open(t, at(puppet.url))
    other.connection.call(big)
    assert.equal(big.replies[0]?.error?.code, 50301)
  })
})

describe('what the stream brings', () => {
  it('in whatever pieces and forms', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection, peer } = await open(t, at(puppet.url))
    const call = testCall()
    connection.call(call)
    const { id } = await puppet.got('the call', isCall)
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'ä→😀' } })
    const bytes = Buffer.from(`: comment\r\n\r\nevent: other\ndata: {"method":"x"}\n\ndata: ${text}\n\nid: 7\ndata:\n\nevent: message\ndata: {"jsonrpc":"2.0",\ndata: "id":${String(id)},"result":1}\n\n`)
    for (const byte of bytes) puppet.streams[0]?.write(Buffer.of(byte))
    assert.deepEqual(await answered(call), { result: 1 })
    assert.deepEqual(peer.heard, [{ method: 'notifications/message', params: { data: 'ä→😀' } }])
  })

  it('noise is counted and dropped; forged ids reach nobody (T39)', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection, faults } = await open(t, at(puppet.url))
    const call = testCall()
    connection.call(call)
    const { id } = await puppet.got('the call', isCall)
    puppet.say('data: hello\n\n', 'data: [1]\n\n', 'data: null\n\n', { id: Number(id) + 1, result: 1 }, { id: String(id), result: 2 }, { id, result: 'right' })
    assert.deepEqual(await answered(call), { result: 'right' })
    assert.deepEqual(faults, ['malformed_message', 'malformed_message', 'malformed_message', 'unknown_id', 'unknown_id'])
  })

  it('an event without end ends the connection at its bound, whatever it is made of (T48)', async (t) => {
    for (const piece of ['x'.repeat(65_536), `data: ${'x'.repeat(1000)}\n`.repeat(65), 'id: 1\n'.repeat(10_000)]) {
      const puppet = await ssePuppet(t)
      const { connection, peer } = await open(t, at(puppet.url))
      const call = testCall()
      connection.call(call)
      await puppet.got('the call', isCall)
      for (let written = 0; connection.open && written < 64 * 2 ** 20; written += piece.length) {
        puppet.say(piece)
        await new Promise(setImmediate)
      }
      await until('the end', () => peer.ends === 1)
      assert.deepEqual([(await answered(call)).error?.code, connection.open], [50201, false])
      await until('all is closed', () => puppet.sockets.size === 0)
    }
  })

  it('comments without end cost nothing, and a long silence of messages is none of the server (T48)', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection, faults } = await open(t, at(puppet.url), { times: { quietMs: 400, graceMs: 5000 } })
    const call = testCall()
    connection.call(call)
    const { id } = await puppet.got('the call', isCall)
    for (let index = 0; index < 20_000; index++) puppet.say(': \n\n')
    puppet.say({ id, result: 1 })
    await answered(call)
    assert.deepEqual([connection.open, faults], [true, []])
  })
})

describe('silence', () => {
  it('is broken by a ping; a server that answers lives on, and is not blamed', async (t) => {
    const puppet = await ssePuppet(t)
    const { connection, faults } = await open(t, at(puppet.url), { times: { quietMs: 50, graceMs: 5000 } })
    await until('it was asked several times', () => puppet.received.filter(({ method }) => method === 'ping').length >= 3)
    assert.deepEqual([connection.open, faults], [true, []])
  })

  it('that goes on is the end, and the stream is closed', async (t) => {
    const puppet = await ssePuppet(t, { onPost: ({ method, response }) => { if (method === 'ping') response.writeHead(202).end(); return method === 'ping' } })
    const { connection, peer } = await open(t, at(puppet.url), { times: { quietMs: 50, graceMs: 100 } })
    const call = testCall()
    connection.call(call)
    assert.equal((await answered(call)).error?.code, 50201)
    assert.deepEqual([connection.open, peer.ends], [false, 1])
    await until('all is closed', () => puppet.sockets.size === 0)
  })
})

it('a server that ends the stream ends the connection; later calls are told that nothing ran (FR01)', async (t) => {
  const puppet = await ssePuppet(t)
  const { connection, peer } = await open(t, at(puppet.url))
  const [call, late] = [testCall(), testCall()]
  connection.call(call)
  await puppet.got('the call', isCall)
  puppet.streams[0]?.end()
  assert.equal((await answered(call)).error?.code, 50201)
  connection.call(late)
  assert.deepEqual([late.replies[0]?.error?.code, peer.ends], [50301, 1])
  await connection.close()
  assert.equal(peer.ends, 1)
})
