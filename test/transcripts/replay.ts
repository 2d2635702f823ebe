import { exchange, type Exchange } from '../helpers/http-exchange.ts'
import type { SseEvent } from '../helpers/sse-parser.ts'
import { until } from '../helpers/until.ts'
import { Placeholders } from './placeholders.ts'
import { ANSWER_HEADERS, type Transcript, type TranscriptAnswer, type TranscriptExchange } from './transcript.ts'

/** How long an answer may take; it took milliseconds when it was recorded. */
const ANSWER_DEADLINE_MS = 20_000

/**
 * Sends what the client of a transcript sent, byte for byte but for the placeholders, each request after the client had seen
 * what it had seen then. @param known values by placeholder @returns the answers, with placeholders
 */
export async function replay (transcript: Transcript, origin: string, known: Readonly<Record<string, string>>): Promise<TranscriptAnswer[]> {
  const placeholders = new Placeholders(known)
  const sent: Array<Promise<Exchange>> = []
  try {
    for (const [index, expected] of transcript.exchanges.entries()) {
      await seen(transcript, index, sent, placeholders)
      await leave(transcript, index, sent)
      sent.push(send(expected, origin, placeholders))
    }
    await seen(transcript, transcript.exchanges.length, sent, placeholders)
    const answers = await Promise.all(sent.map(async (answer, index) => await over(await answer, transcript.exchanges[index])))
    return placeholders.hide(answers)
  } finally {
    for (const answer of sent) answer.then((each) => each.cut(), () => undefined)
  }
}

function send ({ request }: TranscriptExchange, origin: string, placeholders: Placeholders): Promise<Exchange> {
  const headers = JSON.parse(placeholders.fill(JSON.stringify(request.headers))) as Record<string, string>
  return exchange(origin + request.path, { method: request.method, headers, ...(request.body !== undefined && { body: placeholders.fill(request.body) }) })
}

/** Waits until everything has arrived that the client had seen before it sent the exchange of this index. */
async function seen (transcript: Transcript, index: number, sent: ReadonlyArray<Promise<Exchange>>, placeholders: Placeholders): Promise<void> {
  const before = transcript.exchanges[index]?.before ?? {}
  for (const [at, expected] of transcript.exchanges.slice(0, index).entries()) {
    const count = before[at] ?? expected.answer.messages.length
    const pending = sent[at]
    if (count === -1 || pending === undefined) continue
    const answer = await pending
    await until(`message ${count} of ${nameOf(expected)}`, () => messagesOf(answer).length >= count, ANSWER_DEADLINE_MS).catch((error: unknown) => {
      throw new Error(`${nameOf(expected)} got ${answer.status} ${answer.body()}`, { cause: error })
    })
    placeholders.learn(expected.answer, answerOf(answer))
  }
}

async function leave (transcript: Transcript, index: number, sent: ReadonlyArray<Promise<Exchange>>): Promise<void> {
  for (const [at, { leftBefore }] of transcript.exchanges.entries()) if (leftBefore === index) (await sent[at])?.cut()
}

/** Waits for the end of an answer that the client did not leave. */
async function over (answer: Exchange, expected: TranscriptExchange | undefined): Promise<TranscriptAnswer> {
  if (expected?.leftBefore === undefined && await answer.ended === 'cut') throw new Error('an answer was cut off')
  return answerOf(answer)
}

function answerOf (answer: Exchange): TranscriptAnswer {
  const headers = ANSWER_HEADERS.flatMap((name) => answer.headers[name] === undefined ? [] : [[name, String(answer.headers[name])] as const])
  return { status: answer.status, headers: Object.fromEntries(headers), messages: messagesOf(answer) }
}

function messagesOf (answer: Exchange): unknown[] {
  return answer.isSse ? answer.events.flatMap(eventOf) : answer.messages()
}

/** As the recorder writes it: keep-alive comments come when they come. */
function eventOf ({ comment, data, ...fields }: SseEvent): unknown[] {
  return data === undefined ? [] : [{ ...fields, data: data === '' ? '' : JSON.parse(data) as unknown }]
}

function nameOf ({ step, request }: TranscriptExchange): string {
  return `"${step}": ${request.method} ${request.body ?? ''}`
}
