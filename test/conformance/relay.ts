import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A place for a server that is not there yet: the suite starts its servers on ports of its own choice, a gateway wants to know them before. */
export interface Relay {
  /** What a gateway is configured with. */
  readonly url: string
  /** Takes the URL of the server in a POST; connections go there from then on, byte for byte. A DELETE cuts them all: the suite's servers end when nobody is connected. */
  readonly control: string
  close (): Promise<void>
}

/** Starts a relay on loopback. */
export async function startRelay (): Promise<Relay> {
  let port: number | undefined
  const open = new Set<Socket>()
  const cut = (): void => {
    for (const socket of open) socket.destroy()
    port = undefined
  }
  const control = createHttpServer((request, response) => {
    void request.toArray().then((chunks) => {
      if (request.method === 'DELETE') cut()
      else port = Number(new URL(Buffer.concat(chunks as Buffer[]).toString()).port)
      response.end()
    })
  })
  const relay = createServer((socket) => {
    if (port === undefined) return socket.destroy()
    const onward = connect(port, 'localhost')
    open.add(onward)
    socket.pipe(onward).pipe(socket)
    for (const [side, other] of [[socket, onward], [onward, socket]] as const) side.on('error', () => other.destroy()).on('close', () => { other.destroy(); open.delete(onward) })
  })
  for (const server of [relay, control]) await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${portOf(relay)}/mcp`,
    control: `http://127.0.0.1:${portOf(control)}/`,
    close: async () => {
      const closed = [relay, control].map((server) => once(server, 'close'))
      cut()
      relay.close()
      control.close()
      control.closeAllConnections()
      await Promise.all(closed)
    }
  }
}

function portOf (server: Server): number {
  return (server.address() as AddressInfo).port
}
