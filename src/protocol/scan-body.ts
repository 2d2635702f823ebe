import { MAX_BATCH, MAX_KEYS } from './limits.ts'
import { CLOSE_ARRAY, COMMA, enter, fail, nextByte, OPEN_ARRAY, OPEN_OBJECT, skipValue } from './scan-cursor.ts'
import type { Cursor, ScanFault } from './scan-cursor.ts'
import { noRanges, scanMessage } from './scan-message.ts'
import type { MessageRanges } from './scan-message.ts'

/** What one pass over the bytes of a body found. */
export interface BodyScan {
  /** The outermost value is an array. */
  readonly batch: boolean
  /** One entry for a single message; one per element for a batch. A value that is no object has no ranges. */
  readonly messages: readonly MessageRanges[]
  /** No byte below 0x20 stood outside strings before the end of the outermost value. */
  readonly oneLine: boolean
  readonly fault: ScanFault | undefined
}

/** Scans the elements of the array at the cursor. */
function scanBatch (cursor: Cursor, messages: MessageRanges[]): boolean {
  if (!enter(cursor)) return false
  let byte = nextByte(cursor)
  while (byte !== CLOSE_ARRAY) {
    if (messages.length === MAX_BATCH) return fail(cursor, 'batch', 'too many messages in a batch')
    const ranges = noRanges()
    messages.push(ranges)
    if (!(byte === OPEN_OBJECT ? scanMessage(cursor, ranges) : skipValue(cursor))) return false
    byte = nextByte(cursor)
    if (byte === CLOSE_ARRAY) break
    if (byte !== COMMA) return fail(cursor, 'syntax', 'malformed array')
    cursor.at++
    byte = nextByte(cursor)
  }
  return true
}

/**
 * One pass over a body before JSON.parse sees it: bounds on depth and member count, duplicate and disguised members at
 * the levels that steer the gateway, byte ranges (T30, T34, T36; rulings 4). Never throws and never recurses with the
 * input's depth. A fault in one message of a batch is a fault of the body.
 */
export function scanBody (bytes: Buffer): BodyScan {
  const cursor: Cursor = { bytes, at: 0, depth: 0, keys: 0, maxKeys: MAX_KEYS, sawControl: false, fault: undefined }
  const messages: MessageRanges[] = []
  const first = nextByte(cursor)
  if (first === OPEN_ARRAY) {
    scanBatch(cursor, messages)
  } else if (first === OPEN_OBJECT) {
    const ranges = noRanges()
    messages.push(ranges)
    scanMessage(cursor, ranges)
  } else if (first === -1) {
    fail(cursor, 'syntax', 'empty body')
  }
  return { batch: first === OPEN_ARRAY, messages, oneLine: !cursor.sawControl, fault: cursor.fault }
}
