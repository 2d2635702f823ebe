/** What one client of an SDK sent over HTTP in one conversation, and what it got. Kept as JSON under test/fixtures/transcripts. */
export interface Transcript {
  /** Package and version with which it was recorded. */
  readonly client: string
  readonly exchanges: readonly TranscriptExchange[]
}

/** One HTTP request and its answer. Random values are `{placeholders}`, the same one wherever the value occurs. */
export interface TranscriptExchange {
  /** The step of the conversation in which it was sent. */
  readonly step: string
  readonly request: TranscriptRequest
  /**
   * Earlier exchanges, by index, of which the client had not seen everything when it sent this: how many messages it had
   * seen, -1 = not even the status. All others were over.
   */
  readonly before: Readonly<Record<string, number>>
  readonly answer: TranscriptAnswer
  /** The client closed it before it was over, and before it sent the exchange of this index. */
  readonly leftBefore?: number
}

export interface TranscriptRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Those that the SDK sets, in lower case and in order; what fetch itself adds is not the SDK's. */
  readonly headers: Readonly<Record<string, string>>
  /** The body's text as it was sent. */
  readonly body?: string
}

export interface TranscriptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A JSON body, or the events of a stream with their data parsed. */
  readonly messages: readonly unknown[]
}

/** Headers of an answer that belong to the protocol; the others belong to HTTP and have tests of their own. */
export const ANSWER_HEADERS = ['content-type', 'cache-control', 'x-accel-buffering', 'mcp-session-id', 'www-authenticate', 'allow', 'retry-after'] as const

/** The same without what varies from recording to recording: who had seen what when. */
export function comparable ({ exchanges }: Transcript): unknown {
  return exchanges.map(({ before, leftBefore, ...exchange }) => ({ ...exchange, left: leftBefore !== undefined }))
}
