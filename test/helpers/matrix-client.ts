/** What the matrix drives: the least that every client has, and what only some have. Absent = this client cannot. */
export interface MatrixClient {
  /** What it has sent so far, in order. */
  readonly sent: readonly SentMessage[]
  /** The revision that it negotiated. */
  readonly revision: string
  listTools (): Promise<readonly string[]>
  /** Text of the result. */
  callTool (name: string, args: Args): Promise<string>
  /** Rejects as soon as the signal is aborted. */
  callUntil (name: string, args: Args, signal: AbortSignal): Promise<unknown>
  /** Text of the result, every progress told to `onProgress`. */
  callWithProgress?: (name: string, args: Args, onProgress: (progress: number) => void) => Promise<string>
  listResources?: () => Promise<readonly string[]>
  readResource?: (uri: string) => Promise<string>
  listPrompts?: () => Promise<readonly string[]>
  /** Text of the first message. */
  getPrompt?: (name: string, args: Readonly<Record<string, string>>) => Promise<string>
  /** Tells `onUpdated` of every update of the resource. @returns ends that */
  subscribe?: (uri: string, onUpdated: (uri: string) => void) => Promise<() => Promise<void>>
  /** Servers may ask it for forms; it accepts with {@link FORM_ANSWER}. */
  readonly answersForms?: true
  /** The third party's own object, to look at what it has. */
  readonly itself: object
  close (): Promise<void>
}

/** What every client fills into every form. */
export const FORM_ANSWER = { action: 'accept', content: { name: 'Ada', check: true, word: 'tide' } } as const

export type Args = Readonly<Record<string, unknown>>

/** Where a client connects and with what. */
export interface MatrixTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface SentMessage {
  readonly method?: string
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>>, readonly [key: string]: unknown }
}

/** A `fetch` that notes the JSON-RPC messages that go through it. */
export function watchedFetch (): { readonly fetch: typeof fetch, readonly sent: SentMessage[] } {
  const sent: SentMessage[] = []
  return {
    sent,
    fetch: async (input, init) => {
      if (typeof init?.body === 'string') sent.push(JSON.parse(init.body) as SentMessage)
      return await fetch(input, init)
    }
  }
}

interface Block { readonly type: string, readonly text?: string }

/** Text of the text blocks of a tool's result. */
export function textOfResult (result: { readonly content?: unknown }): string {
  return (result.content as readonly Block[]).map((block) => block.text ?? '').join('\n')
}

/** Text of everything that a resource holds. */
export function textOfResource (result: { readonly contents: ReadonlyArray<{ readonly text?: string }> }): string {
  return result.contents.map((content) => content.text ?? '').join('\n')
}

/** Text of a prompt's first message. */
export function textOfPrompt (result: { readonly messages: ReadonlyArray<{ readonly content: unknown }> }): string {
  return (result.messages[0]?.content as Block | undefined)?.text ?? ''
}
