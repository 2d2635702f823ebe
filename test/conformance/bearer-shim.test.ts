import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { until } from '../helpers/until.ts'
import { startBearerShim } from './bearer-shim.ts'

/** A listener that keeps what it hears and says what it is told, and a client of the shim in front of it. */
async function connectThroughShim () {
  const heard: Buffer[] = []
  const gateway = createServer()
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  const shim = await startBearerShim(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}`, 'Bearer abc')
  const accepted = once(gateway, 'connection')
  const client = connect(Number(new URL(shim.url).port), '127.0.0.1')
  const [behind] = await accepted as [Socket]
  behind.on('data', (chunk) => heard.push(chunk))
  return {
    client,
    behind,
    heard: () => Buffer.concat(heard).toString('latin1'),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      behind.destroy()
      await shim.close()
      gateway.close()
    }
  }
}

describe('the listener that adds the credential', { timeout: 30_000 }, () => {
  it('adds one line to each request of a connection and changes nothing else', async () => {
    await using pair = await connectThroughShim()
    const first = 'POST /a HTTP/1.1\r\nHost: evil.example\r\nMcp-Name:   spaced  \r\nContent-Length: 7\r\n\r\nGET /\r\n'
    const second = 'GET /b HTTP/1.1\r\nhost: x\r\n\r\n'
    // Byte by byte first, then both requests in one piece.
    for (const byte of Buffer.from(first)) pair.client.write(Buffer.of(byte))
    pair.client.write(second + first)
    const bearer = 'Authorization: Bearer abc\r\n'
    const expected = [first, second, first].map((text) => text.replace('HTTP/1.1\r\n', `HTTP/1.1\r\n${bearer}`)).join('')
    await until('both requests', () => pair.heard().length >= expected.length)
    assert.equal(pair.heard(), expected)
  })

  it('passes answers and closes on', async () => {
    await using pair = await connectThroughShim()
    let answer = ''
    pair.client.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk })
    pair.behind.write('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n')
    await until('the answer', () => answer.endsWith('data: 1\n\n'))
    const closed = once(pair.behind, 'close')
    pair.client.destroy()
    await closed
  })
})
