import type { Method } from './types.ts'

/** RFC 9110 5.1. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Visible ASCII, blanks and tabs (RFC 9110 5.5): a line break would begin another header, or another request (T49). */
const VALUE = /^[\t\x20-\x7e]*$/
const PATH = /^\/[\x21-\x7e]*$/
/** Written here and nowhere else, because they say where the message ends and whose it is. */
const OWN: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'transfer-encoding'])

/** Request line and headers, checked and written once for many requests. */
export class RequestHead {
  readonly method: Method
  /** Complete but for Content-Length and the empty line; ASCII. */
  readonly text: string

  private constructor (method: Method, text: string) {
    this.method = method
    this.text = text
  }

  /** See `Outbound.head`. */
  static of (method: Method, path: string, host: string, headers: readonly string[]): RequestHead {
    if (!PATH.test(path)) throw new TypeError('not the path of a request')
    return new RequestHead(method, `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${linesOf(headers)}`)
  }

  /**
   * The same with more headers.
   * @param headers names and values, one after the other
   * @throws TypeError as `Outbound.head` does
   */
  with (headers: readonly string[]): RequestHead {
    return new RequestHead(this.method, this.text + linesOf(headers))
  }
}

function linesOf (headers: readonly string[]): string {
  let lines = ''
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    const value = headers[at + 1]
    // What is wrong is not repeated: values are credentials more often than not.
    if (!NAME.test(name) || value === undefined || !VALUE.test(value) || OWN.has(name.toLowerCase())) throw new TypeError('not a header that may be sent')
    lines += `${name}: ${value}\r\n`
  }
  return lines
}
