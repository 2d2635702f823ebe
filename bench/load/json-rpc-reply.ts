import type { Outcome } from './http-socket.ts'

interface Answer {
  readonly id?: unknown
  readonly result?: { readonly isError?: boolean, readonly content?: ReadonlyArray<{ readonly text?: string }> }
  readonly error?: { readonly code: number, readonly message: string }
  readonly params?: { readonly arguments?: { readonly message?: string } }
}

/** What became of a call. `mixup`: an answer came, but to another id or with another payload. */
export type Verdict = 'ok' | 'mixup' | { readonly error: string }

/** The JSON-RPC answer in a reply, be it plain JSON or a stream of events; undefined when there is none. */
export function answerOf (body: string): Answer | undefined {
  if (body.startsWith('{')) return JSON.parse(body) as Answer
  for (const line of body.split('\n')) {
    if (!line.startsWith('data:')) continue
    const data = line.slice(5).trim()
    if (data === '') continue
    const message = JSON.parse(data) as Answer & { method?: string }
    if (message.method === undefined) return message
  }
  return undefined
}

/** Judges the reply to call `id` with `message`; a floor that only echoes the request is judged by its arguments. */
export function judge (outcome: Outcome, id: number, message: string): Verdict {
  if (outcome.error !== undefined) return { error: outcome.error }
  if (outcome.status !== 200) return { error: `HTTP ${outcome.status} ${outcome.body.slice(0, 160)}` }
  const answer = answerOf(outcome.body)
  if (answer === undefined) return { error: `no answer in ${outcome.body.slice(0, 160)}` }
  if (answer.id !== id) return 'mixup'
  if (answer.error !== undefined) return { error: `${answer.error.code} ${answer.error.message}` }
  const text = answer.result?.content?.[0]?.text ?? answer.params?.arguments?.message
  if (answer.result?.isError === true) return { error: String(text).slice(0, 160) }
  return text?.endsWith(message) === true ? 'ok' : 'mixup'
}
