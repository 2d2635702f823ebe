import type { ErrorCode } from '../../src/shared/errors.ts'

/** A JSON Schema (2020-12), or a part of an OpenAPI document made of one. */
export type Schema = Readonly<Record<string, unknown>>

/** How refusals of a route look: JSON-RPC, `{error}`, or either `{ok: false}` or `{error}` (rulings 4, 5). */
export type RefusalShape = 'mcp' | 'json' | 'tools'

/** One way in which a route answers when it does not refuse. */
export interface AnswerDocs {
  readonly description: string
  readonly headers?: Readonly<Record<string, Schema>>
  /** By media type. Absent = no body. */
  readonly content?: Readonly<Record<string, { readonly schema: Schema, readonly examples?: Readonly<Record<string, Schema>> }>>
  /** `null` says to @fastify/swagger that there is no body. */
  readonly type?: 'null'
}

/**
 * What the OpenAPI document says of a route, in the words of Fastify's `schema`. It stands in the route's `config` and not in its
 * `schema`, because Fastify makes validators and serialisers of that: MCP bodies are bytes that src/protocol reads once, and
 * documentation adds nothing to a call (rulings 9).
 */
export interface RouteDocs {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: readonly [string]
  /** Absent = as the whole document: a credential. `[]` = none. */
  readonly security?: readonly []
  readonly params?: Schema
  readonly headers?: Schema
  readonly querystring?: Schema
  readonly body?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly response: Readonly<Record<number, AnswerDocs>>
  /** Rows of the catalogue that this route refuses with; their texts and numbers are taken from there. */
  readonly 'x-refusals': { readonly shape: RefusalShape, readonly codes: readonly ErrorCode[] }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What /openapi.json says of this route. Absent = nothing. */
    docs?: RouteDocs
    /** This route is another spelling of the one with this URL, and documented there. */
    aliasOf?: string
    /** This route is loaded by the page with this URL, and by nobody else. */
    partOf?: string
  }
}
