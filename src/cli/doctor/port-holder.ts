import { connect } from 'node:net'
import { isJsonObject } from '../../protocol/index.ts'
import { readJson } from '../../shared/read-json.ts'

/**
 * Who holds a port: a gateway's public listener that serves the host name that was asked for, by what it says of itself; one that
 * does not, which is therefore of another configuration; a gateway's management listener; what tells strangers as little as a
 * gateway's listener for other replicas does, and so may be one; or somebody else.
 */
export type PortHolder =
  | { readonly kind: 'public', readonly about: string }
  | { readonly kind: 'elsewhere' | 'management' | 'replica' | 'other' }

/** For connecting, asking and answering. A gateway answers at once, also while it drains. */
const ANSWER_MS = 2000
/** Its longest answer has a line for each server. */
const MAX_CHARS = 262_144
/** What a listener for other replicas answers to whoever is none: 404, and no body. */
const NOT_FOR_STRANGERS = /^HTTP\/1\.1 404 [^\r]*\r\n(?:[^\r]+\r\n)*\r\n$/
/** Where a listener on every address is asked. */
const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/**
 * Asks whoever listens there for `/health`, which a public listener tells everybody, and which a management listener refuses in
 * the gateway's own form. For addresses that could not be listened on because they are in use: those are this machine's, so
 * nothing leaves it. Never rejects.
 * @param hostName one that a gateway of the configuration would serve
 */
export async function askHolder (host: string, port: number, hostName: string): Promise<PortHolder> {
  const answer = await ask(WILDCARDS[host] ?? host, port, `GET /health HTTP/1.1\r\nHost: ${hostName}\r\nAccept: application/json\r\nConnection: close\r\n\r\n`)
  if (NOT_FOR_STRANGERS.test(answer)) return { kind: 'replica' }
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  try {
    return answer.startsWith('HTTP/1.1 ') ? holderOf(readJson(body)) : { kind: 'other' }
  } catch {
    return { kind: 'other' }
  }
}

function holderOf (said: unknown): PortHolder {
  if (!isJsonObject(said)) return { kind: 'other' }
  const { status, version, checks, error } = said
  if (typeof status === 'string' && typeof version === 'string' && isJsonObject(checks) && isJsonObject(checks['lifecycle'])) return { kind: 'public', about: `${printable(version)}, ${printable(status)}` }
  if (!isJsonObject(error) || typeof error['request_id'] !== 'string') return { kind: 'other' }
  if (error['code'] === 'GW_HTTP_HOST') return { kind: 'elsewhere' }
  return { kind: error['code'] === 'GW_AUTH_REQUIRED' || error['code'] === 'GW_HTTP_NOT_FOUND' ? 'management' : 'other' }
}

/** Whoever it is, it writes no more than a word, and nothing that moves a terminal's cursor. */
function printable (text: string): string {
  return text.replaceAll(/[^\w.+-]/g, '?').slice(0, 40)
}

/** All that is said until the connection ends, the time is up, or it is too much. */
function ask (host: string, port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect({ host, port })
    const timer = setTimeout(() => { socket.destroy() }, ANSWER_MS)
    socket.setEncoding('utf8')
    socket.on('connect', () => { socket.write(request) })
    socket.on('data', (piece: string) => {
      said += piece
      if (said.length > MAX_CHARS) socket.destroy()
    })
    socket.on('error', () => { socket.destroy() })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(said)
    })
  })
}
