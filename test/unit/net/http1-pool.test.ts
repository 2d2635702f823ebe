import assert from 'node:assert/strict'
import { it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { cut, latin1, seeded } from './answers.ts'
import { rawServer, type RawPeer } from './raw-server.ts'
import { ask, outboundTo } from './servers.ts'

const REQUESTS = 800
const AT_ONCE = 8
const random = seeded(11)

/** Answers with the number that the request names, in one of many ways, right ones and others. */
function moody ({ socket, text }: RawPeer, before: number): void {
  const number = [...text.matchAll(/\r\nx-number: ([0-9]+)\r\n/g)][before]?.[1] ?? ''
  const sized = `HTTP/1.1 200 OK\r\nContent-Length: ${number.length}\r\n\r\n${number}`
  switch (random(12)) {
    case 0: socket.end(`HTTP/1.1 200 OK\r\n\r\n${number}`); break
    case 1: socket.end(sized); break
    case 2: socket.write(sized + sized); break
    case 3: socket.write(sized.slice(0, -1), () => socket.destroy()); break
    case 4: socket.resetAndDestroy(); break
    case 5: socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'); break
    case 6: socket.write(sized, () => socket.write('\r\n')); break
    case 7: socket.write(sized.replace('OK\r\n', 'OK\r\nConnection: close\r\n')); break
    case 8: socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${number.length}\r\n${number}\r\n0\r\n\r\n`); break
    default: for (const piece of cut(latin1(sized), [random(sized.length), random(sized.length)])) socket.write(piece)
  }
}

it('800 requests to a server of moods: each is answered with its own answer or an error, and no connection is left over', async (test) => {
  const server = await rawServer(test, moody)
  const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork: true, maxConnections: 8 })
  const outcomes = { own: 0, lost: 0, cancelled: 0 }
  let next = 0
  async function worker (): Promise<void> {
    while (next < REQUESTS) {
      const number = String(next++)
      const { text, sending, events } = ask(outbound, outbound.head('GET', ['x-number', number]))
      if (random(20) === 0) {
        sending.cancel()
        outcomes.cancelled++
        continue
      }
      const answer = await text.catch((error: { readonly code?: unknown }) => error)
      if (typeof answer === 'string') {
        assert.equal(answer, number)
        outcomes.own++
      } else {
        assert.equal(answer.code, 'OUTBOUND_LOST')
        outcomes.lost++
      }
      assert.equal(events.filter((event) => event === 'end' || event === 'lost').length, 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const { own, lost, cancelled } = outcomes
  assert.ok(own > 400 && lost > 80 && cancelled > 10 && own + lost + cancelled === REQUESTS, JSON.stringify(outcomes))
  outbound.destroy()
  await until('all connections are closed', () => server.peers.every(({ isClosed }) => isClosed))
})
