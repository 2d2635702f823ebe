import type { ClientSession } from './client-session.ts'
import { HttpSocket } from './http-socket.ts'
import { describe, judge } from './json-rpc-reply.ts'
import type { Endpoint } from './messages.ts'

const REVISION = '2026-07-28'
const PREFIX = 'io.modelcontextprotocol/'
const META = `"_meta":{"${PREFIX}protocolVersion":"${REVISION}","${PREFIX}clientInfo":{"name":"bench","version":"1.0.0"},"${PREFIX}clientCapabilities":{}}`

/** Body of a modern tools/call; `message` must need no escaping. */
const modernCallBody = (id: number, message: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"message":"${message}"},${META}}}`

/**
 * A client of 2026-07-28: every request says of itself who sends it, in body and headers, and there is no session; it keeps
 * its connection. Ids count from 1, as everyone's do. In front of a floor it only posts.
 */
export function createModernSession (endpoint: Endpoint, credential: string | undefined, name: string): ClientSession {
  const socket = new HttpSocket(endpoint.port)
  const auth = credential === undefined ? '' : `Authorization: Bearer ${credential}\r\n`
  const common = `POST ${endpoint.path} HTTP/1.1\r\nHost: 127.0.0.1:${endpoint.port}\r\n${auth}Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nMCP-Protocol-Version: ${REVISION}\r\n`
  let nextId = 1

  const post = (mirrored: string, body: string): string => `${common}${mirrored}Content-Length: ${body.length}\r\n\r\n${body}`

  const open = async () => {
    if (endpoint.kind === 'echo') return
    // Not server/discover: supergateway hands even that to its session-era child.
    const listed = await socket.exchange(post('Mcp-Method: tools/list\r\n', `{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{${META}}}`))
    if (listed.error !== undefined || listed.status !== 200 || !listed.body.includes('"echo"')) throw new Error(`tools/list: ${describe(listed)}`)
  }

  const call: ClientSession['call'] = (padding, onDone) => {
    const id = nextId++
    const message = `${name}.${id}.${padding}`
    socket.send(post('Mcp-Method: tools/call\r\nMcp-Name: echo\r\n', modernCallBody(id, message)), (outcome) => {
      onDone(judge(outcome, id, message), outcome.error !== undefined ? performance.now() : outcome.lastDataAt)
    })
  }

  const drop = () => { socket.destroy() }

  return { open, call, openStream: () => Promise.resolve(), close: () => { drop(); return Promise.resolve() }, drop }
}
