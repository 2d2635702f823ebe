import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { boundConnections, maxOpenFiles } from '../../plugins/open-files.ts'
import { until } from '../helpers/until.ts'

interface Bounded { readonly port: number, readonly dropped: () => number, readonly dial: () => Promise<Socket> }

/** 8 connections, crowded from the eighth on. */
async function bounded (t: TestContext): Promise<Bounded> {
  let dropped = 0
  const server = createServer((_request, answer) => { answer.end('here') })
  boundConnections(server, 10, () => { dropped++ })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port,
    dropped: () => dropped,
    dial: async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      return socket
    }
  }
}

const ask = async (socket: Socket): Promise<void> => {
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
}

describe('connections and descriptors (FR34)', () => {
  it('this process knows its limit', () => {
    assert.ok((maxOpenFiles() ?? 0) > 0)
  })

  it('the longest silent connection makes room for a new one, and who has asked something stays', async (t) => {
    const { dial, dropped } = await bounded(t)
    const speaker = await dial()
    await ask(speaker)
    const oldest = await dial()
    for (let index = 0; index < 5; index++) await dial()
    assert.equal(dropped(), 0)
    const newest = await dial()
    await once(oldest, 'close')
    assert.equal(dropped(), 1)
    await ask(newest)
    await ask(speaker)
  })

  it('where all have asked something, a new one is closed as it comes', async (t) => {
    const { dial, dropped } = await bounded(t)
    const speakers: Socket[] = []
    for (let index = 0; index < 8; index++) {
      const socket = await dial()
      await ask(socket)
      speakers.push(socket)
    }
    const late = await dial()
    await once(late, 'close')
    await until('it is counted', () => dropped() === 1)
    for (const speaker of speakers) await ask(speaker)
  })
})
