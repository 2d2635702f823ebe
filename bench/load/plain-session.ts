import type { ClientSession } from './client-session.ts'
import { HttpSocket, type Outcome } from './http-socket.ts'
import { describe, type Verdict } from './json-rpc-reply.ts'
import type { Endpoint } from './messages.ts'

/** A backend that calls tools by plain JSON, without MCP: one POST per call, no session. `name` is unique among all clients. */
export function createPlainSession (endpoint: Endpoint, credential: string | undefined, name: string): ClientSession {
  const socket = new HttpSocket(endpoint.port)
  const auth = credential === undefined ? '' : `Authorization: Bearer ${credential}\r\n`
  const common = `POST ${endpoint.path} HTTP/1.1\r\nHost: 127.0.0.1:${endpoint.port}\r\n${auth}Content-Type: application/json\r\n`
  let made = 0

  const call: ClientSession['call'] = (padding, onDone) => {
    const message = `${name}.${++made}.${padding}`
    const body = `{"tool_name":"echo","${endpoint.argumentsKey ?? 'arguments'}":{"message":"${message}"}}`
    socket.send(`${common}Content-Length: ${body.length}\r\n\r\n${body}`, (outcome) => {
      onDone(judgePlain(outcome, message), outcome.error !== undefined ? performance.now() : outcome.lastDataAt)
    })
  }

  const drop = () => { socket.destroy() }

  return { open: () => Promise.resolve(), call, openStream: () => Promise.resolve(), close: () => { drop(); return Promise.resolve() }, drop }
}

interface PlainAnswer { readonly result?: { readonly content?: ReadonlyArray<{ readonly text?: string }> } }

function judgePlain (outcome: Outcome, message: string): Verdict {
  if (outcome.error !== undefined || outcome.status !== 200) return { error: describe(outcome) }
  const text = (JSON.parse(outcome.body) as PlainAnswer).result?.content?.[0]?.text
  if (text === undefined) return { error: `no result in ${outcome.body.slice(0, 160)}` }
  return text.endsWith(message) ? 'ok' : 'mixup'
}
