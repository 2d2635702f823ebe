import { isUtf8 } from 'node:buffer'
import { readJson } from '../shared/read-json.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { MAX_KEYS } from './limits.ts'
import { membersIn, noteAllRepeated } from './repeated-members.ts'
import { nextByte, skipValue } from './scan-cursor.ts'
import type { Cursor } from './scan-cursor.ts'

/**
 * A body that is JSON but no JSON-RPC message, under the same bounds on encoding, depth and member count as
 * `parseBody` (T30): a value that passes can be stringified again without fear for the stack.
 */
export function parseJson (body: Buffer): Result<unknown, { readonly code: Extract<ErrorCode, 'GW_PROTOCOL_PARSE'>, readonly reason: string }> {
  if (!isUtf8(body)) return refuse({ code: 'GW_PROTOCOL_PARSE', reason: 'not UTF-8' })
  const cursor: Cursor = { bytes: body, at: 0, depth: 0, keys: 0, maxKeys: MAX_KEYS, sawControl: false, fault: undefined }
  if (nextByte(cursor) !== -1) skipValue(cursor)
  if (cursor.fault !== undefined) return refuse({ code: 'GW_PROTOCOL_PARSE', reason: cursor.fault.reason })
  try {
    const value = readJson(body.toString())
    if (membersIn(value) !== cursor.keys) noteAllRepeated(value)
    return ok(value)
  } catch {
    return refuse({ code: 'GW_PROTOCOL_PARSE', reason: 'not JSON' })
  }
}
