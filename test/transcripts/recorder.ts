import { createSseParser } from '../helpers/sse-parser.ts'
import { Placeholders } from './placeholders.ts'
import { ANSWER_HEADERS, type Transcript, type TranscriptExchange, type TranscriptRequest } from './transcript.ts'

interface Recorded {
  readonly step: string
  readonly request: TranscriptRequest
  readonly seen: readonly number[]
  readonly messages: unknown[]
  status: number
  headers: Record<string, string>
  over: boolean
  leftBefore?: number
}

/** A `fetch` for an SDK's transport that writes down everything that passes. */
export interface Recorder {
  readonly fetch: typeof fetch
  /** Named in what is sent from now on. */
  step: string
  /** Exchanges so far that look like this. */
  count (looksLike: (exchange: Readonly<Recorded>) => boolean): number
  /** @param known values that stand in requests from the start, by placeholder */
  transcript (client: string, known: Readonly<Record<string, string>>): Transcript
}

export function createRecorder (): Recorder {
  const recorded: Recorded[] = []
  const recorder: Recorder = {
    step: '',
    fetch: async (input, init = {}) => {
      const entry = begin(recorder.step, recorded, String(input), init)
      // A body that is no stream is thrown away unread where it says nothing; that is not leaving.
      const left = (): void => { if (!entry.over && (entry.status === 0 || isStream(entry))) entry.leftBefore ??= recorded.length }
      recorded.push(entry)
      init.signal?.addEventListener('abort', left)
      const response = await fetch(input, init)
      entry.headers = headersOf(response.headers, ANSWER_HEADERS)
      entry.status = response.status
      if (response.body === null) entry.over = true
      return response.body === null ? response : new Response(response.body.pipeThrough(watch(entry, left)), response)
    },
    count: (looksLike) => recorded.filter(looksLike).length,
    transcript: (client, known) => {
      const exchanges = recorded.map((entry) => exchangeOf(entry, recorded))
      const placeholders = new Placeholders(known)
      for (const exchange of exchanges) placeholders.find(exchange)
      return { client, exchanges: placeholders.hide(exchanges) }
    }
  }
  return recorder
}

function isStream ({ headers }: Recorded): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true
}

function begin (step: string, recorded: readonly Recorded[], url: string, init: RequestInit): Recorded {
  const { pathname, search } = new URL(url)
  const headers = new Headers(init.headers)
  return {
    step,
    request: {
      method: init.method ?? 'GET',
      path: pathname + search,
      headers: Object.fromEntries(headers),
      ...(typeof init.body === 'string' && { body: init.body })
    },
    seen: recorded.map(({ status, messages }) => status === 0 ? -1 : messages.length),
    messages: [],
    status: 0,
    headers: {},
    over: false
  }
}

function headersOf (headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => headers.has(name) ? [[name, headers.get(name) ?? '']] : []))
}

/** Notes messages before the client sees them, so that what it sends next is known to come after. */
function watch (entry: Recorded, left: () => void): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const isSse = isStream(entry)
  const parse = createSseParser(({ comment, data, ...fields }) => {
    if (data !== undefined) entry.messages.push({ ...fields, data: data === '' ? '' : JSON.parse(data) as unknown })
  })
  let text = ''
  return new TransformStream({
    transform: (chunk, controller) => {
      if (isSse) parse(decoder.decode(chunk, { stream: true }))
      else text += decoder.decode(chunk, { stream: true })
      controller.enqueue(chunk)
    },
    flush: () => {
      if (text !== '') entry.messages.push(JSON.parse(text))
      entry.over = true
    },
    cancel: left
  })
}

function exchangeOf ({ step, request, seen, status, headers, messages, leftBefore }: Recorded, recorded: readonly Recorded[]): TranscriptExchange {
  const before = seen.flatMap((count, index) => count === recorded[index]?.messages.length ? [] : [[String(index), count] as const])
  return { step, request, before: Object.fromEntries(before), answer: { status, headers, messages }, ...(leftBefore !== undefined && { leftBefore }) }
}
