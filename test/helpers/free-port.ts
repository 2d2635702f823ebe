import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that a kernel gives to whoever asks for any (from 32,768 on), so that nobody is given one of these by chance;
 * 10,000 above them is below those, too: Redis listens there for its cluster.
 */
const FIRST_PORT = 12_000
const PORTS = 10_000

/**
 * A loopback port at which nobody listens, and which no other caller of this gets while this process lives: whoever it is for may
 * take its time to listen there, end, and listen there again; or nobody ever does.
 */
export async function freePort (): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    const hold = await held(port)
    if (hold === undefined) continue
    if (await isFree(port)) return port
    hold.close()
  }
}

/** The UDP port of that number, which says to the other processes of a test run that the TCP port is somebody's: undefined when it is theirs. */
async function held (port: number): Promise<{ close (): void } | undefined> {
  const socket = createSocket('udp4')
  socket.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(socket, 'listening')
    socket.unref()
    return { close: () => { socket.close() } }
  } catch {
    return undefined
  }
}

async function isFree (port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
