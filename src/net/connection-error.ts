/** What ended a connection that stood; a closed set. */
export type ConnectionFailure =
  /** The server or the network ended it before the answer was complete. */
  | 'lost'
  /** What came on it is no answer of HTTP/1.1, or one that could be read in two ways (T49). */
  | 'malformed'
  /** It was destroyed on this side, with all that were in use. */
  | 'destroyed'

/** A request was lost with its connection: it may have been sent. The message is for the log; it holds nothing that the server wrote. */
export class ConnectionError extends Error {
  readonly code = 'OUTBOUND_LOST'
  readonly failure: ConnectionFailure

  constructor (failure: ConnectionFailure, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'ConnectionError'
    this.failure = failure
  }
}
