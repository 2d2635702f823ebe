import { refusalName, refusalResponses } from './refusals.ts'
import { ANSWER_HEADERS, X_REQUEST_ID } from './headers.ts'
import type { RefusalShape, RouteDocs, Schema } from './route-docs.ts'
import { ERRORS } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'

/** What a document says before its paths. */
export interface Heading {
  readonly openapi: string
  readonly info: { readonly title: string, readonly version: string, readonly description: string, readonly license: { readonly name: string, readonly identifier: string } }
  readonly servers: ReadonlyArray<{ readonly url: string, readonly description: string }>
  readonly tags: ReadonlyArray<{ readonly name: string, readonly description: string }>
  readonly security: ReadonlyArray<Readonly<Record<string, readonly string[]>>>
  readonly schemas: Readonly<Record<string, Schema>>
  readonly securitySchemes: Readonly<Record<string, Schema>>
}

interface Operation { responses: Record<string, Schema>, 'x-refusals'?: RouteDocs['x-refusals'], 'x-aliases'?: readonly string[] }

/** A document as @fastify/swagger makes it of the routes. */
export interface Draft {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Record<string, Record<string, Schema>>
}

/**
 * Finishes a document: refusals come from the one catalogue, by reference (R42); every answer has its request id; other spellings of a
 * path are named where it is documented.
 * @param aliases other spellings by the path that is documented, both as OpenAPI writes them
 */
export function finish (draft: Draft, heading: Heading, aliases: ReadonlyMap<string, ReadonlySet<string>>): object {
  const used: Record<RefusalShape, Set<ErrorCode>> = { mcp: new Set(), json: new Set(), tools: new Set() }
  for (const [path, operations] of Object.entries(draft.paths)) {
    for (const operation of Object.values(operations)) {
      for (const answer of Object.values(operation.responses)) withRequestId(answer as { headers?: Record<string, Schema> })
      const { shape, codes } = operation['x-refusals'] ?? { shape: 'json', codes: [] }
      for (const code of codes) used[shape].add(code)
      for (const status of new Set(codes.map((code) => ERRORS[code].status))) operation.responses[status] ??= { $ref: `#/components/responses/${refusalName(shape, status)}` }
      delete operation['x-refusals']
      const others = aliases.get(path)
      if (others !== undefined) operation['x-aliases'] = [...others]
    }
  }
  const responses = Object.assign({}, ...(['json', 'tools', 'mcp'] as const).map((shape) => refusalResponses(shape, used[shape]))) as Record<string, Schema>
  const { openapi, info, servers, tags, security, schemas, securitySchemes } = heading
  return { openapi, info, servers, tags, security, paths: draft.paths, components: { securitySchemes, responses, schemas } }
}

function withRequestId (answer: { headers?: Record<string, Schema> }): void {
  const { description, ...schema } = X_REQUEST_ID
  answer.headers = { 'X-Request-Id': { description, schema }, ...answer.headers }
}

/** Some of {@link ANSWER_HEADERS}, as a route documents them. */
export function answerHeaders (...names: ReadonlyArray<keyof typeof ANSWER_HEADERS>): Readonly<Record<string, Schema>> {
  return Object.fromEntries(names.map((name) => [name, ANSWER_HEADERS[name]]))
}
