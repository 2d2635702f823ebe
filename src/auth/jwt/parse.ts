import { readJson } from '../../shared/read-json.ts'

/** A JSON object whose members nobody has looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A compact JWS taken apart. Nothing in it is believed until its signature holds. */
export interface ParsedToken {
  readonly text: string
  readonly header: JsonObject
  readonly payload: JsonObject
}

/** Real tokens nest three or four deep (roles of clients of realms) and hold some hundred values (T11). */
const MAX_DEPTH = 8
const MAX_VALUES = 1024

/** Three parts of base64url without padding (RFC 7515 7.1). Run on at most 8 KiB; no part of it can backtrack. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/** Strict: an overlong or broken sequence in a claim is a fault, not a replacement character shared with another name. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Takes a token apart, or `undefined` if it is none. Never throws. */
export function parseToken (text: string): ParsedToken | undefined {
  const parts = COMPACT.exec(text)
  if (parts === null) return undefined
  const header = readObject(parts[1] ?? '')
  const payload = readObject(parts[2] ?? '')
  if (header === undefined || payload === undefined || decodePart(parts[3] ?? '') === undefined) return undefined
  return { text, header, payload }
}

/**
 * The bytes of one part, if it is written in the only way these bytes can be. Decoders skip the unused bits of the last
 * character; a token that differs there would be a second spelling of a valid one (T12).
 */
function decodePart (part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

function readObject (part: string): JsonObject | undefined {
  const bytes = decodePart(part)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = readJson(utf8.decode(bytes))
    return isObject(value) && isSmall(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Is it a JSON object, and not an array or null? */
export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Level by level, so that the depth of a hostile value never becomes the depth of our stack. */
function isSmall (root: JsonObject): boolean {
  let level: unknown[] = [root]
  let values = 0
  for (let depth = 0; level.length > 0; depth++) {
    values += level.length
    if (depth > MAX_DEPTH || values > MAX_VALUES) return false
    level = level.flatMap((value) => typeof value === 'object' && value !== null ? Object.values(value) : [])
  }
  return true
}

/** An own member of a claims set; inherited names such as `constructor` are not claims. */
export function claim (payload: JsonObject, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined
}
