import { once } from 'node:events'
import { connect, type SecureVersion } from 'node:tls'

/** How a connection over TLS is made, and what is sent on it. */
export interface RawOptions {
  readonly port: number
  readonly ca: string
  /** Bytes of the request as they are. */
  readonly text?: string
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
  readonly servername?: string
}

/** Sends bytes over TLS and reads one answer, or until the other side closes. @returns everything that came, and the version that was agreed on */
export async function rawExchange ({ text = '', servername = 'localhost', ...options }: RawOptions): Promise<{ readonly said: string, readonly version: string | null, readonly cipher: string }> {
  // OpenSSL's level 0 lets this client offer versions that are no longer safe: refusing them is the server's part.
  const old = options.maxVersion === 'TLSv1.1' ? { ciphers: 'DEFAULT:@SECLEVEL=0' } : {}
  const socket = connect({ host: '127.0.0.1', servername, ...old, ...options })
  await once(socket, 'secureConnect')
  const version = socket.getProtocol()
  const cipher = socket.getCipher().name
  if (text === '') {
    socket.destroy()
    return { said: '', version, cipher }
  }
  let said = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk
    if (isWhole(said)) socket.destroy()
  })
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  await new Promise((resolve) => { socket.on('close', resolve) })
  return { said, version, cipher }
}

/** Is there an answer with all of its body, by its own Content-Length? */
function isWhole (said: string): boolean {
  const [head = '', body] = said.split(/\r\n\r\n(.*)/s)
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  return body !== undefined && length !== undefined && body.length >= Number(length)
}
