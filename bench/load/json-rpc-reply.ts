import type { Outcome } from './http-socket.ts'

/** The parts of a JSON-RPC answer that the bench looks at; a floor's echo of the request has `params`. */
export interface Answer {
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
  if (outcome.status !== 200) return { error: describe(outcome) }
  const answer = answerOf(outcome.body)
  if (answer === undefined) return { error: `no answer in ${outcome.body.slice(0, 160)}` }
  return judgeAnswer(answer, id, message)
}

/** The same for an answer that came on a stream. */
export function judgeAnswer (answer: Answer, id: number, message: string): Verdict {
  if (answer.id !== id) return 'mixup'
  if (answer.error !== undefined) return { error: `${answer.error.code} ${answer.error.message}` }
  const text = answer.result?.content?.[0]?.text ?? answer.params?.arguments?.message
  if (answer.result?.isError === true) return { error: String(text).slice(0, 160) }
  return text?.endsWith(message) === true ? 'ok' : 'mixup'
}

/** A failed exchange in words. */
export const describe = (outcome: Outcome): string =>
  outcome.error !== undefined ? outcome.error : `HTTP ${outcome.status} ${outcome.body.slice(0, 200)}`
