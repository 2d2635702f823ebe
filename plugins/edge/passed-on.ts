import { CLIENT_ADDRESS_HEADER } from './client-address.ts'

/** Of this connection, not of the message (RFC 9110 7.6.1), or spoken for by us. Trailers are not read, so none is announced. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect', CLIENT_ADDRESS_HEADER])

/**
 * The header fields of a message that is handed on, as they came.
 * @param kept names, in lower case, that stay here as well
 */
export function passedOn (rawHeaders: readonly string[], kept?: ReadonlySet<string>): string[] {
  const passed: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]]
    const lower = name.toLowerCase()
    if (!NOT_PASSED_ON.has(lower) && kept?.has(lower) !== true) passed.push(name, value)
  }
  return passed
}
