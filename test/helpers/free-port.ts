import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A loopback port that was free just now. @param below the highest port wanted, for programs that use another one above it */
export async function freePort (below = 65_535): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    if (port <= below) return port
  }
}
