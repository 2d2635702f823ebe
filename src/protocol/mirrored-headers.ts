import { isJsonObject } from './classify.ts'
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'
import type { MirroredParam } from './mirrored-params.ts'
import type { RequestHeaders } from './modern-request.ts'

/** A whole number in decimal; `42.0` is 42 (MCP 2026-07-28 transports, server validation). */
const wholeNumber = /^-?\d+(?:\.0+)?$/

/** The argument at a path of property names; undefined = it was not given. Never leaves the arguments' own members (T36). */
function argumentAt (args: unknown, path: readonly string[]): unknown {
  let value = args
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/** An argument as text; undefined when it is none that a header carries: null, an object, a number beyond the safe integers. */
function textOf (value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value)
}

/**
 * The `Mcp-Param-*` headers of a tools/call to a modern HTTP server: one for each mirrored argument that was given and is
 * not null (MCP 2026-07-28 transports, custom headers from tool parameters).
 * @param args `params.arguments`
 */
export function mirrorHeaders (params: readonly MirroredParam[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, path } of params) {
    const text = textOf(argumentAt(args, path))
    if (text !== undefined) headers[header] = encodeHeaderValue(text)
  }
  return headers
}

/** Does a header stand for this argument? Integers are compared as numbers. */
function agrees (header: string, value: unknown, text: string, type: MirroredParam['type']): boolean {
  const decoded = decodeHeaderValue(header)
  if (decoded === undefined || decoded === text) return decoded !== undefined
  return type === 'integer' && typeof value === 'number' && wholeNumber.test(decoded) && Number(decoded) === value
}

/**
 * The first `Mcp-Param-*` header that is missing, cannot be decoded or says something else than the argument it mirrors;
 * undefined = all agree (T35). A header whose argument was not given is ignored, and so is one that mirrors nothing: the
 * specification forbids servers to expect the former and tells them to ignore the latter.
 * @param args `params.arguments`
 * @returns the header's name in lower case
 */
export function disagreeingParam (params: readonly MirroredParam[], args: unknown, headers: RequestHeaders): string | undefined {
  for (const { header, path, type } of params) {
    const value = argumentAt(args, path)
    const text = textOf(value)
    if (text === undefined) continue
    const mirrored = headers[header]
    if (typeof mirrored !== 'string' || !agrees(mirrored, value, text, type)) return header
  }
  return undefined
}
