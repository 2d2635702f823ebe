import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** Ends the head of a request. */
const HEAD_END = Buffer.from('\r\n\r\n')
/** Heads are a few hundred bytes; more than this is not the suite. */
const MAX_HEAD_BYTES = 64 * 1024

export interface BearerShim {
  /** Origin to use in place of the gateway's. */
  readonly url: string
  close (): Promise<void>
}

/**
 * A loopback listener before the gateway that adds an Authorization header to every request: the suite can send none. Everything
 * else passes byte for byte, both ways, closes included; so what the gateway sees of Host, Origin and odd spacing is the suite's.
 */
export async function startBearerShim (gatewayUrl: string, authorization: string): Promise<BearerShim> {
  const { hostname, port } = new URL(gatewayUrl)
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const gateway = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    for (const socket of [client, gateway]) {
      open.add(socket)
      socket.setNoDelay(true).on('close', () => open.delete(socket))
    }
    const withBearer = createHeadEditor(`Authorization: ${authorization}\r\n`)
    client.on('data', (chunk) => {
      const edited = withBearer(chunk)
      if (edited === undefined) client.destroy()
      else gateway.write(edited)
    })
    client.on('end', () => gateway.end())
    gateway.pipe(client)
    tie(client, gateway)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }
}

/** A side that is gone takes the other with it; how it went is the same to the suite. */
function tie (client: Socket, gateway: Socket): void {
  for (const [socket, other] of [[client, gateway], [gateway, client]] as const) {
    socket.on('error', () => other.destroy())
    socket.on('close', () => other.destroySoon())
  }
}

/**
 * Puts a line after the request line of each request of a connection.
 * @returns the bytes to pass on; undefined where a request is framed in a way that nothing of the suite uses (chunked)
 */
function createHeadEditor (line: string): (chunk: Buffer) => Buffer | undefined {
  let head: Buffer = Buffer.alloc(0)
  let bodyBytesLeft = 0
  return (chunk) => {
    const out: Buffer[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (bodyBytesLeft > 0) {
        const body = rest.subarray(0, bodyBytesLeft)
        out.push(body)
        bodyBytesLeft -= body.length
        rest = rest.subarray(body.length)
        continue
      }
      head = Buffer.concat([head, rest])
      const end = head.indexOf(HEAD_END)
      if (end < 0) return head.length > MAX_HEAD_BYTES ? undefined : Buffer.concat(out)
      const text = head.subarray(0, end).toString('latin1')
      if (/^transfer-encoding:/im.test(text)) return undefined
      const lineEnd = head.indexOf('\r\n') + 2
      out.push(head.subarray(0, lineEnd), Buffer.from(line), head.subarray(lineEnd, end + HEAD_END.length))
      bodyBytesLeft = Number(/^content-length:\s*(\d+)/im.exec(text)?.[1] ?? 0)
      rest = head.subarray(end + HEAD_END.length)
      head = Buffer.alloc(0)
    }
    return Buffer.concat(out)
  }
}
