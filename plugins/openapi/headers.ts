import type { Schema } from './route-docs.ts'

/** Headers of requests. */
export const REQUEST_HEADERS = {
  'Mcp-Session-Id': { type: 'string', description: 'The session, as `initialize` gave it out. Session era only; without it only `initialize` is answered.' },
  'MCP-Protocol-Version': { type: 'string', description: 'The revision that the client speaks: the negotiated one in a session, `2026-07-28` for requests that stand alone.' },
  'Mcp-Method': { type: 'string', description: 'From 2026-07-28 on: the method of the body, for whoever routes by headers. Must agree with the body.' },
  'Mcp-Name': { type: 'string', description: 'From 2026-07-28 on: the tool, prompt or resource of the body. Must agree with the body.' },
  'Last-Event-ID': { type: 'string', description: 'The last event that was read; the stream goes on behind it.' },
  'Idempotency-Key': { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$', description: 'A name for this call: repeated under it, the call runs once. Only where the server has `tools.idempotencyKeys`.' },
  'If-None-Match': { type: 'string', description: 'The `ETag` of the copy that the caller has.' }
} as const satisfies Record<string, Schema>

/** Every answer has it. */
export const X_REQUEST_ID: Schema = { type: 'string', description: 'The id under which the log and the audit trail know this request.' }

/** Headers of answers, by the name that they have on the wire. */
export const ANSWER_HEADERS = {
  'Mcp-Session-Id': { type: 'string', description: 'The new session; to be sent with every further request.' },
  'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds after which the same request may be let in.' },
  'RateLimit-Limit': { type: 'integer', description: 'What the tightest window lets in.' },
  'RateLimit-Remaining': { type: 'integer', description: 'What is left of it.' },
  'RateLimit-Reset': { type: 'integer', description: 'Seconds until there is room again.' },
  'WWW-Authenticate': { type: 'string', description: 'What credential is wanted, and where its metadata is (RFC 6750, RFC 9728).' },
  Allow: { type: 'string', description: 'The methods of this path.' },
  ETag: { type: 'string', description: 'Names this version of the document.' },
  'Cache-Control': { type: 'string', description: 'How long a copy may be used.' }
} as const satisfies Record<string, Schema>

/** Some of {@link REQUEST_HEADERS}, as a route documents them. */
export function requestHeaders (...names: ReadonlyArray<keyof typeof REQUEST_HEADERS>): Schema {
  return { type: 'object', properties: Object.fromEntries(names.map((name) => [name, REQUEST_HEADERS[name]])) }
}
