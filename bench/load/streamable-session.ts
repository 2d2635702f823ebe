import { callBody, INITIALIZE, INITIALIZED, REVISION, type ClientSession } from './client-session.ts'
import { openEventStream, type EventStream } from './event-stream.ts'
import { HttpSocket } from './http-socket.ts'
import { describe, judge } from './json-rpc-reply.ts'
import type { Endpoint } from './messages.ts'

const SESSION_ID = /^mcp-session-id:\s*(\S+)/im

/** A client of Streamable HTTP, or of a floor that has no session. `name` is unique among all clients of the bench. */
export function createStreamableSession (endpoint: Endpoint, credential: string | undefined, name: string): ClientSession {
  const socket = new HttpSocket(endpoint.port)
  const auth = credential === undefined ? '' : `Authorization: Bearer ${credential}\r\n`
  let common = `Host: 127.0.0.1:${endpoint.port}\r\n${auth}`
  let stream: EventStream | undefined
  let nextId = 1

  const post = (body: string): string =>
    `POST ${endpoint.path} HTTP/1.1\r\n${common}Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  const open = async () => {
    if (endpoint.kind === 'echo') return
    const opened = await socket.exchange(post(INITIALIZE))
    if (opened.error !== undefined || opened.status !== 200 || !opened.body.includes('"result"')) throw new Error(`initialize: ${describe(opened)}`)
    const sessionId = SESSION_ID.exec(opened.head)?.[1]
    common += `MCP-Protocol-Version: ${REVISION}\r\n` + (sessionId === undefined ? '' : `Mcp-Session-Id: ${sessionId}\r\n`)
    const noted = await socket.exchange(post(INITIALIZED))
    if (noted.error !== undefined || noted.status < 200 || noted.status > 299) throw new Error(`initialized: ${describe(noted)}`)
  }

  const call: ClientSession['call'] = (padding, onDone) => {
    const id = nextId++
    const message = `${name}.${id}.${padding}`
    socket.send(post(callBody(id, message)), (outcome) => {
      onDone(judge(outcome, id, message), outcome.error !== undefined ? performance.now() : outcome.lastDataAt)
    })
  }

  const drop = () => {
    stream?.close()
    socket.destroy()
  }

  /** Servers without sessions answer the DELETE with 4xx, which is no fault here. */
  const close = async () => {
    if (common.includes('Mcp-Session-Id')) await socket.exchange(`DELETE ${endpoint.path} HTTP/1.1\r\n${common}Content-Length: 0\r\n\r\n`)
    drop()
  }

  const openStream = async () => {
    stream = await openEventStream({ port: endpoint.port, path: endpoint.path, headers: common, onEvent: () => {} })
  }

  return { open, call, openStream, close, drop }
}
