import { callBody, INITIALIZE, INITIALIZED, type ClientSession } from './client-session.ts'
import { openEventStream, type EventStream } from './event-stream.ts'
import { HttpSocket } from './http-socket.ts'
import { describe, judgeAnswer, type Answer, type Verdict } from './json-rpc-reply.ts'
import type { Endpoint } from './messages.ts'

/**
 * A client of HTTP+SSE (2024-11-05): posts are only acknowledged, answers come on the one stream. As any client it
 * takes the first answer with the id that it waits for; an answer to somebody else's call shows as a mixup.
 */
export function createSseSession (endpoint: Endpoint, credential: string | undefined, name: string): ClientSession {
  const socket = new HttpSocket(endpoint.port)
  const headers = `Host: 127.0.0.1:${endpoint.port}\r\n` + (credential === undefined ? '' : `Authorization: Bearer ${credential}\r\n`)
  const waiting = new Map<number, (answer: Answer) => void>()
  const postPath = Promise.withResolvers<string>()
  let path = ''
  let stream: EventStream | undefined
  let nextId = 1

  const onEvent = (event: string, data: string) => {
    if (event === 'endpoint') return postPath.resolve(data)
    const answer = JSON.parse(data) as Answer
    const settle = waiting.get(Number(answer.id))
    waiting.delete(Number(answer.id))
    settle?.(answer)
  }

  const post = (body: string): string =>
    `POST ${path} HTTP/1.1\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  const open = async () => {
    stream = await openEventStream({ port: endpoint.port, path: endpoint.path, headers, onEvent })
    path = (await postPath.promise).replace(/^https?:\/\/[^/]+/, '')
    const { promise, resolve } = Promise.withResolvers<Answer>()
    waiting.set(0, resolve)
    for (const body of [INITIALIZE, INITIALIZED]) {
      const noted = await socket.exchange(post(body))
      if (noted.error !== undefined || noted.status > 299) throw new Error(`open: ${describe(noted)}`)
      await promise
    }
  }

  const call: ClientSession['call'] = (padding, onDone) => {
    const id = nextId++
    const message = `${name}.${id}.${padding}`
    let [verdict, answeredAt, left] = ['ok' as Verdict, 0, 2]
    const half = () => { if (--left === 0) onDone(verdict, answeredAt) }
    waiting.set(id, (answer) => {
      verdict = judgeAnswer(answer, id, message)
      answeredAt = performance.now()
      half()
    })
    socket.send(post(callBody(id, message)), (noted) => {
      if (noted.error === undefined && noted.status <= 299) return half()
      waiting.delete(id)
      onDone({ error: describe(noted) }, performance.now())
    })
  }

  const drop = () => {
    stream?.close()
    socket.destroy()
  }

  return { open, call, openStream: () => Promise.resolve(), close: () => { drop(); return Promise.resolve() }, drop }
}
