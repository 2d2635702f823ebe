import { isUtf8 } from 'node:buffer'

/**
 * Values of `Mcp-Name` and `Mcp-Param-*` headers (MCP 2026-07-28 transports, value encoding; SEP-2243): plain where a field
 * value can hold them, `=?base64?…?=` around the UTF-8 of everything else.
 */
const PREFIX = '=?base64?'
const SUFFIX = '?='

/** Visible ASCII, space and tab: what a field value may hold (RFC 9110 5.5). Node hands other bytes over as Latin-1. */
const fieldText = /^[\t\u0020-\u007e]*$/

/** Optional white space at either end, which every reader of a header takes off. */
const padding = /^[\t ]|[\t ]$/

/** A header value without the white space around it. Node takes it off; other parsers in front of us may not. */
export function withoutPadding (header: string): string {
  return padding.test(header) ? header.replace(/^[\t ]+|[\t ]+$/g, '') : header
}

function isMarked (value: string): boolean {
  return value.startsWith(PREFIX) && value.endsWith(SUFFIX)
}

/** A value as a client puts it into a header. What would itself be read as encoded is encoded. */
export function encodeHeaderValue (value: string): string {
  const isPlain = fieldText.test(value) && !padding.test(value) && !isMarked(value)
  return isPlain ? value : `${PREFIX}${Buffer.from(value).toString('base64')}${SUFFIX}`
}

/**
 * The value that a header stands for; undefined when it holds characters that no field value may hold, or is marked as
 * base64 and is not canonical base64 of well-formed UTF-8 (T35). Without both markers, spelled exactly, it stands for itself.
 */
export function decodeHeaderValue (header: string): string | undefined {
  if (!fieldText.test(header)) return undefined
  const value = withoutPadding(header)
  if (!isMarked(value)) return value
  // `=?base64?=` is both markers in one: nobody can tell what it stands for.
  if (value.length < PREFIX.length + SUFFIX.length) return undefined
  const encoded = value.slice(PREFIX.length, -SUFFIX.length)
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.toString('base64') === encoded && isUtf8(bytes) ? bytes.toString() : undefined
}
