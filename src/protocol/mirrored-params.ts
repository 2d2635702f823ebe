/** One argument of a tool that is mirrored in a header of its own (`x-mcp-header`, SEP-2243). */
export interface MirroredParam {
  /** Header name in lower case, `mcp-param-` included. */
  readonly header: string
  /** Where the argument stands: property names from the root of `arguments`. */
  readonly path: readonly string[]
  readonly type: 'string' | 'integer' | 'boolean'
}
