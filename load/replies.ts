/** An HTTP answer, read to its end. `status` 0: there was none. */
export interface Reply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

interface RpcAnswer { readonly id?: unknown, readonly method?: unknown, readonly result?: { readonly isError?: unknown }, readonly error?: { readonly code?: unknown } }

/** The value of a JSON text; undefined for anything else. */
export function jsonOf (text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** What is wrong with an answer that should carry the result of request `id`, as JSON or as an event; undefined for nothing. */
export function faultOfResult (reply: Reply, id: number): string | undefined {
  if (reply.status !== 200) return `HTTP ${reply.status}`
  const answer = messagesOf(reply).find((message) => message.id === id && message.method === undefined)
  if (answer === undefined) return 'no answer in the body'
  if (answer.error !== undefined) return `error ${String(answer.error.code)}`
  if (answer.result === undefined) return 'no result'
  return answer.result.isError === true ? 'isError' : undefined
}

function messagesOf ({ headers, body }: Reply): RpcAnswer[] {
  const texts = (headers['content-type'] ?? '').startsWith('text/event-stream') ? eventsOf(body) : [body]
  return texts.map(jsonOf).filter((value): value is RpcAnswer => typeof value === 'object' && value !== null)
}

/** The data of each event of a whole stream; lines of one event belong together (HTML, server-sent events, 9.2.6). */
export function eventsOf (text: string): string[] {
  return text.split(/\r\n\r\n|\n\n|\r\r/)
    .map((event) => event.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:')).map((line) => line.slice(line.startsWith('data: ') ? 6 : 5)).join('\n'))
    .filter((data) => data !== '')
}
