/**
 * The one catalogue of everything Drawbridge refuses or fails with. ERRORS.md is held to it by a test in both
 * directions; one mapper per wire format (`toJsonRpcError` in src/protocol, the HTTP error handler in plugins/app)
 * turns a row into an answer.
 *
 * `status` is used when the request was refused before admission. A failure of an admitted JSON-RPC call rides in a
 * 200 with `rpcCode` and the caller's id, because SDK clients drop the bodies of non-2xx answers (threats.md, status
 * rulings). Own JSON-RPC codes stay outside -32768..-32000, which belong to JSON-RPC and to MCP.
 */
export interface ErrorRow {
  /** HTTP status of a refusal. */
  readonly status: number
  /** JSON-RPC error code. */
  readonly rpcCode: number
  /** May the caller send the same request again, later and unchanged? */
  readonly retryable: boolean
  /** The whole text a caller is given. Generic: the reason goes to the log and to a metric label. */
  readonly message: string
  /** Where the number comes from. */
  readonly source: string
}

/** Rows by code. Add a row here and in ERRORS.md; `test/pins` freezes the numbers. */
export const ERRORS = {
  GW_HTTP_HOST: { status: 421, rpcCode: -32600, retryable: false, message: 'This host name is not served here. Operators: add it to http.allowedHosts.', source: 'T29' },
  GW_HTTP_ORIGIN: { status: 403, rpcCode: -32600, retryable: false, message: 'Requests from this Origin are not allowed. Operators: add it to http.allowedOrigins.', source: 'MCP 2025-11-25 transports, T29' },
  GW_HTTP_NOT_FOUND: { status: 404, rpcCode: -32600, retryable: false, message: 'There is nothing at this path.', source: 'RFC 9110 15.5.5' },
  GW_HTTP_METHOD: { status: 405, rpcCode: -32600, retryable: false, message: 'This path does not answer that method.', source: 'RFC 9110 15.5.6' },
  GW_HTTP_NOT_ACCEPTABLE: { status: 406, rpcCode: -32600, retryable: false, message: 'Accept must allow application/json and text/event-stream.', source: 'MCP 2025-11-25 transports' },
  GW_HTTP_TIMEOUT: { status: 408, rpcCode: -32600, retryable: true, message: 'The request did not arrive in time.', source: 'T31' },
  GW_HTTP_BODY_TOO_LARGE: { status: 413, rpcCode: -32600, retryable: false, message: 'The request body is larger than this gateway accepts.', source: 'T30' },
  GW_HTTP_MEDIA_TYPE: { status: 415, rpcCode: -32600, retryable: false, message: 'Content-Type must be application/json, without Content-Encoding.', source: 'T30, T32' },
  GW_HTTP_HEADERS_TOO_LARGE: { status: 431, rpcCode: -32600, retryable: false, message: 'The request headers are larger than this gateway accepts.', source: 'RFC 6585 5' },
  GW_HTTP_BAD_REQUEST: { status: 400, rpcCode: -32600, retryable: false, message: 'The request is malformed.', source: 'RFC 9110 15.5.1' },

  GW_AUTH_REQUIRED: { status: 401, rpcCode: -32600, retryable: false, message: 'A credential is required: Authorization: Bearer <key or token>, or X-API-Key: <key>.', source: 'RFC 6750 3' },
  GW_AUTH_INVALID: { status: 401, rpcCode: -32600, retryable: false, message: 'The credential is not valid.', source: 'RFC 6750 3.1' },
  GW_AUTH_AMBIGUOUS: { status: 400, rpcCode: -32600, retryable: false, message: 'Send exactly one credential, in a header.', source: 'RFC 6750 3.1, T27' },
  GW_AUTH_UNAVAILABLE: { status: 503, rpcCode: 50301, retryable: true, message: 'Credentials cannot be verified right now. Try again shortly.', source: 'T08' },
  GW_AUTH_TENANT: { status: 403, rpcCode: -32600, retryable: false, message: 'The credential does not name a tenant of this gateway.', source: 'T04' },
  GW_AUTH_SCOPE: { status: 403, rpcCode: -32600, retryable: false, message: 'The credential lacks a scope that this operation needs.', source: 'RFC 6750 3.1, T54' },

  GW_POLICY_DENIED: { status: 403, rpcCode: 40301, retryable: false, message: 'A policy of this gateway does not allow this call.', source: 'T53' },
  GW_POLICY_UNAVAILABLE: { status: 503, rpcCode: 50301, retryable: true, message: 'Nobody can decide right now whether this call is allowed. Try again shortly.', source: 'T53' },

  GW_ROUTE_SERVER: { status: 404, rpcCode: -32602, retryable: false, message: 'Unknown server.', source: 'rulings 2' },
  GW_ROUTE_TOOL: { status: 404, rpcCode: -32602, retryable: false, message: 'Unknown tool.', source: 'MCP tools, T25' },
  GW_ROUTE_PROMPT: { status: 404, rpcCode: -32602, retryable: false, message: 'Unknown prompt.', source: 'MCP prompts, T25' },
  GW_ROUTE_RESOURCE: { status: 404, rpcCode: -32002, retryable: false, message: 'Resource not found.', source: 'MCP 2025-11-25 resources' },
  GW_ROUTE_CURSOR: { status: 400, rpcCode: -32602, retryable: false, message: 'Invalid cursor.', source: 'MCP pagination' },

  GW_SESSION_REQUIRED: { status: 400, rpcCode: -32000, retryable: false, message: 'Mcp-Session-Id is required: send initialize first.', source: 'MCP 2025-11-25 transports' },
  GW_SESSION_NOT_FOUND: { status: 404, rpcCode: -32001, retryable: false, message: 'Session not found', source: 'MCP 2025-11-25 transports, rulings 4' },
  GW_SESSION_LIMIT: { status: 429, rpcCode: 42901, retryable: true, message: 'Too many open sessions. Close one, or wait for an idle one to expire.', source: 'T55' },

  GW_PROTOCOL_PARSE: { status: 400, rpcCode: -32700, retryable: false, message: 'The body is not valid JSON.', source: 'JSON-RPC 2.0 5.1' },
  GW_PROTOCOL_SHAPE: { status: 400, rpcCode: -32600, retryable: false, message: 'The body is not a valid JSON-RPC message.', source: 'JSON-RPC 2.0 5.1, T33, T34' },
  GW_PROTOCOL_BATCH: { status: 400, rpcCode: -32600, retryable: false, message: 'Batches are accepted only in a 2025-03-26 session, at most 50 messages.', source: 'MCP 2025-06-18 changelog, rulings 4' },
  GW_PROTOCOL_VERSION: { status: 400, rpcCode: -32600, retryable: false, message: 'MCP-Protocol-Version names a revision this endpoint does not serve.', source: 'MCP 2025-11-25 transports' },
  GW_PROTOCOL_METHOD: { status: 404, rpcCode: -32601, retryable: false, message: 'Method not found', source: 'JSON-RPC 2.0 5.1' },
  GW_PROTOCOL_PARAMS: { status: 400, rpcCode: -32602, retryable: false, message: 'Invalid params', source: 'JSON-RPC 2.0 5.1' },
  GW_PROTOCOL_META: { status: 400, rpcCode: -32602, retryable: false, message: 'Invalid params: params._meta lacks or misstates what every 2026-07-28 request carries.', source: 'MCP 2026-07-28 base protocol' },
  GW_PROTOCOL_HEADERS: { status: 400, rpcCode: -32020, retryable: false, message: 'The request headers and the body do not agree.', source: 'MCP 2026-07-28 transports, SEP-2243, T35' },
  GW_PROTOCOL_CAPABILITY: { status: 400, rpcCode: -32021, retryable: false, message: 'This request needs a client capability that it does not declare.', source: 'MCP 2026-07-28 base protocol' },
  GW_PROTOCOL_UNSUPPORTED: { status: 400, rpcCode: -32022, retryable: false, message: 'Unsupported protocol version', source: 'MCP 2026-07-28 versioning' },
  GW_PROTOCOL_STATE: { status: 400, rpcCode: -32602, retryable: false, message: 'The request state is not valid or has expired. Send the original request again without it.', source: 'MCP 2026-07-28 multi round-trip requests, T21' },
  GW_PROTOCOL_NOT_INITIALIZED: { status: 400, rpcCode: -32600, retryable: false, message: 'The session is not initialized yet.', source: 'MCP lifecycle' },

  GW_LIMIT_RATE: { status: 429, rpcCode: 42901, retryable: true, message: 'Rate limit reached. Retry after the time in Retry-After.', source: 'RFC 6585 4, rulings 3' },
  GW_LIMIT_CONCURRENCY: { status: 429, rpcCode: 42901, retryable: true, message: 'Too many calls in flight. Retry when some have ended.', source: 'rulings 3' },
  GW_LIMIT_WORKERS: { status: 503, rpcCode: 50301, retryable: true, message: 'No worker is free for this server right now. Try again shortly.', source: 'T55' },
  GW_LIMIT_IN_FLIGHT: { status: 503, rpcCode: 50301, retryable: true, message: 'The gateway is at capacity. Try again shortly.', source: 'FR34, FR37' },

  GW_UPSTREAM_LOST: { status: 502, rpcCode: 50201, retryable: false, message: 'The server ended while this request was in flight. It may or may not have run.', source: 'FR01' },
  GW_UPSTREAM_START: { status: 502, rpcCode: 50201, retryable: true, message: 'The server could not be started.', source: 'FR04' },
  GW_UPSTREAM_UNAVAILABLE: { status: 503, rpcCode: 50301, retryable: true, message: 'The server is unavailable right now. Try again shortly.', source: 'FR03, FR04, FR09' },
  GW_UPSTREAM_DEADLINE: { status: 504, rpcCode: 50401, retryable: false, message: 'The server did not answer in time. It may or may not have run.', source: 'FR02' },
  GW_UPSTREAM_PROTOCOL: { status: 502, rpcCode: 50201, retryable: false, message: 'The server broke the MCP protocol.', source: 'T39' },
  GW_UPSTREAM_AUTH: { status: 502, rpcCode: 50201, retryable: false, message: 'The server refused the gateway. Operators: check the credentials of its entry.', source: 'T49' },
  GW_UPSTREAM_ASK_REFUSED: { status: 400, rpcCode: -32601, retryable: false, message: 'No single client call can be asked for this.', source: 'rulings 4' },

  GW_DRAINING: { status: 503, rpcCode: 50301, retryable: true, message: 'This gateway is shutting down. Connect again.', source: 'FR31' },
  GW_OVERLOADED: { status: 503, rpcCode: 50301, retryable: true, message: 'The gateway is overloaded. Try again shortly.', source: 'FR35' },
  GW_CANCELLED: { status: 499, rpcCode: 49901, retryable: true, message: 'The request was cancelled.', source: 'MCP cancellation' },
  GW_CONFIG: { status: 500, rpcCode: -32603, retryable: false, message: 'The configuration is not valid.', source: 'interface' },
  GW_INTERNAL: { status: 500, rpcCode: -32603, retryable: false, message: 'Internal error. Quote the request id to the operator.', source: 'JSON-RPC 2.0 5.1' }
} as const satisfies Record<string, ErrorRow>

/** Name of a catalogue row. */
export type ErrorCode = keyof typeof ERRORS

/** What a {@link GatewayError} may carry besides its code. */
export interface ErrorDetails {
  /** For the log only, never for the caller. */
  readonly reason?: string
  /** Seconds for Retry-After (>= 1) on 429 and 503. */
  readonly retryAfterS?: number
  /** The tightest window, for RateLimit-Limit, -Remaining and -Reset (seconds) on 429. */
  readonly rateLimit?: { readonly limit: number, readonly remaining: number, readonly resetS: number }
  /** All scopes the operation needs, for the WWW-Authenticate challenge of GW_AUTH_SCOPE. */
  readonly scopes?: readonly string[]
  /** Added to the public JSON-RPC error as `data`; must hold nothing internal. */
  readonly data?: Readonly<Record<string, unknown>>
  /** Replaces the catalogue sentence where the caller needs a name or a number of their own request to act on it. */
  readonly publicMessage?: string
}

/** A fault or refusal with its catalogue code. Its `message` is the public sentence; `reason` is for the log. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor (code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(details.publicMessage ?? ERRORS[code].message, cause === undefined ? undefined : { cause })
    this.name = 'GatewayError'
    this.code = code
    this.details = Object.freeze({ ...details })
  }

  /** The catalogue row of this error. */
  get row (): ErrorRow {
    return ERRORS[this.code]
  }
}

/** Anything thrown, as a GatewayError: our own stay as they are, everything else becomes GW_INTERNAL with its cause. */
export function toGatewayError (thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError('GW_INTERNAL', { reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown)
}
