import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { isJsonObject } from './classify.ts'
import type { JsonObject } from './message.ts'

/** One argument of a tool that is mirrored in a header of its own (`x-mcp-header`, SEP-2243). */
export interface MirroredParam {
  /** Header name in lower case, `mcp-param-` included. */
  readonly header: string
  /** Where the argument stands: property names from the root of `arguments`. */
  readonly path: readonly string[]
  readonly type: 'string' | 'integer' | 'boolean'
}

/** Most arguments of one tool that are mirrored: their headers travel with every call, and servers take some 16 KiB of them. */
const MAX_MIRRORED = 64
/** Longest `x-mcp-header` in characters. */
const MAX_NAME_LENGTH = 128
/** Deepest nesting of subschemas, the root counting as 1, and most subschemas that are looked at (T37). */
const MAX_SCHEMA_DEPTH = 64
const MAX_SUBSCHEMAS = 10_000

/** RFC 9110 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Keywords whose value is a schema or a list of schemas (JSON Schema 2020-12 and draft-07). */
const IN_PLACE: ReadonlySet<string> = new Set([
  'items', 'prefixItems', 'additionalItems', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems',
  'propertyNames', 'oneOf', 'anyOf', 'allOf', 'not', 'if', 'then', 'else', 'contentSchema'
])
/** Keywords whose value is an object of schemas by name, besides `properties`. */
const BY_NAME: ReadonlySet<string> = new Set(['patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions'])

/** A walk through one schema. `visit` returns why the schema is refused, from a closed set for the log. */
class AnnotationWalk {
  readonly found: MirroredParam[] = []
  #subschemas = 0

  /** @param path undefined where an argument cannot be reached through `properties` alone */
  visit (schema: unknown, path: readonly string[] | undefined, depth: number): string | undefined {
    if (!isJsonObject(schema)) return undefined
    if (depth > MAX_SCHEMA_DEPTH || ++this.#subschemas > MAX_SUBSCHEMAS) return 'schema too large'
    const own = Object.hasOwn(schema, 'x-mcp-header') ? this.#annotation(schema, path) : undefined
    if (own !== undefined) return own
    for (const keyword of Object.keys(schema)) {
      const fault = this.#inside(keyword, schema[keyword], path, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #inside (keyword: string, value: unknown, path: readonly string[] | undefined, depth: number): string | undefined {
    if (keyword === 'properties') return this.#named(value, path, depth)
    if (BY_NAME.has(keyword)) return this.#named(value, undefined, depth)
    return IN_PLACE.has(keyword) ? this.#eachOf(Array.isArray(value) ? value : [value], depth) : undefined
  }

  #named (schemas: unknown, path: readonly string[] | undefined, depth: number): string | undefined {
    if (!isJsonObject(schemas)) return undefined
    for (const name of Object.keys(schemas)) {
      const fault = this.visit(schemas[name], path === undefined ? undefined : [...path, name], depth)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #eachOf (schemas: readonly unknown[], depth: number): string | undefined {
    for (const schema of schemas) {
      const fault = this.visit(schema, undefined, depth)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #annotation ({ 'x-mcp-header': name, type }: JsonObject, path: readonly string[] | undefined): string | undefined {
    if (path === undefined || path.length === 0) return 'x-mcp-header outside of properties'
    if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || !token.test(name)) return 'x-mcp-header is no header name'
    if (type !== 'string' && type !== 'integer' && type !== 'boolean') return 'x-mcp-header on another type than string, integer and boolean'
    const header = `mcp-param-${name.toLowerCase()}`
    if (this.found.some((other) => other.header === header)) return 'x-mcp-header twice'
    if (this.found.length === MAX_MIRRORED) return 'too many x-mcp-header'
    this.found.push({ header, path, type })
    return undefined
  }
}

/**
 * Which arguments of a tool are mirrored in headers. An annotation that breaks a rule makes the whole tool invalid: a
 * client over HTTP must not show such a tool (MCP 2026-07-28 transports, schema extension; SEP-2243). A schema that is no
 * object has none.
 * @param inputSchema as the server sent it
 * @returns refused: which rule was broken, from a closed set for the log
 */
export function mirroredParams (inputSchema: unknown): Result<readonly MirroredParam[], string> {
  const walk = new AnnotationWalk()
  const fault = walk.visit(inputSchema, [], 1)
  return fault === undefined ? ok(walk.found) : refuse(fault)
}
