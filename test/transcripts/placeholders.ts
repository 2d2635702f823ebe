import type { TranscriptExchange } from './transcript.ts'

/** Members of messages whose values are random. */
const RANDOM_MEMBERS = ['requestState', 'nextCursor', 'taskId'] as const

/** Random values and the `{placeholders}` that stand for them. */
export class Placeholders {
  readonly #values = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  /** @param known placeholders whose values are known from the start, as `bearer` */
  constructor (known: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(known)) this.#values.set(value, `{${name}}`)
  }

  /** Finds the random values of an answer as it was got. */
  find ({ answer }: TranscriptExchange): void {
    const session = answer.headers['mcp-session-id']
    if (session !== undefined) this.#add(session, 'session')
    for (const message of answer.messages) this.#findIn(message)
  }

  /** Learns the values that stand where the transcript has placeholders. */
  learn (expected: unknown, got: unknown): void {
    if (typeof expected === 'string' && typeof got === 'string') {
      if (/^\{[a-z]+-\d+\}$/.test(expected)) this.#values.set(got, expected)
      return
    }
    if (typeof expected !== 'object' || typeof got !== 'object' || expected === null || got === null) return
    for (const [key, value] of Object.entries(expected)) this.learn(value, (got as Record<string, unknown>)[key])
  }

  /** With placeholders for values. */
  hide<T> (value: T): T {
    return JSON.parse(replaced(JSON.stringify(value), [...this.#values].map(([real, placeholder]) => [quoted(real), placeholder]))) as T
  }

  /** With values for placeholders. */
  fill (text: string): string {
    return replaced(text, [...this.#values].map(([real, placeholder]) => [placeholder, real]))
  }

  #findIn (value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const { id, data } = value as { id?: unknown, data?: unknown }
    // Only an event of a stream has both; the id of a JSON-RPC message is its sender's.
    if (typeof id === 'string' && data !== undefined && !('jsonrpc' in value)) this.#add(id, 'event')
    for (const name of RANDOM_MEMBERS) {
      const member = (value as Record<string, unknown>)[name]
      if (typeof member === 'string') this.#add(member, name.toLowerCase())
    }
    for (const member of Object.values(value)) this.#findIn(member)
  }

  #add (value: string, kind: string): void {
    if (this.#values.has(value)) return
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    this.#values.set(value, `{${kind}-${count}}`)
  }
}

/** As it stands inside a JSON text. */
function quoted (value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

/** Longest first: an event id may be the beginning of another. */
function replaced (text: string, pairs: ReadonlyArray<readonly [string, string]>): string {
  return [...pairs].sort(([a], [b]) => b.length - a.length).reduce((rest, [from, to]) => rest.replaceAll(from, to), text)
}
