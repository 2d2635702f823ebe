import type { RelayedCall } from '../../bridge/index.ts'
import type { Codec } from '../../cache/index.ts'
import { isJsonObject, META, rawMembers, type JsonObject, type Reply } from '../../protocol/index.ts'
import type { Answered } from '../reuse/freshness.ts'

/** A result as its server gave it. */
export interface KeptResult extends Answered {
  readonly result: JsonObject
}

/**
 * May this answer be given again? Only a complete result that is nobody's in particular (T22): no error, no task, no question.
 */
export function isRepeatable (call: Pick<RelayedCall, 'cancelled' | 'isHiddenTask'>, { result, error }: Reply): boolean {
  if (error !== undefined || call.cancelled !== undefined || call.isHiddenTask || !isJsonObject(result)) return false
  if (result['isError'] === true || result['task'] !== undefined || (result['resultType'] ?? 'complete') !== 'complete') return false
  const meta = result['_meta']
  return !isJsonObject(meta) || meta[META.relatedTask] === undefined
}

/** The same with values in place of bytes, which are freed when their one reader has written them. */
export function withoutBytes (result: JsonObject): JsonObject {
  return rawMembers(result).length === 0 ? result : { ...result }
}

/** How results are written down for other replicas. */
export const RESULT_CODEC: Codec<KeptResult> = {
  toJson: (kept) => kept,
  fromJson (json) {
    if (!isJsonObject(json)) return undefined
    const { result, ttlMs, isVouched } = json
    if (!isJsonObject(result)) return undefined
    return { result, ttlMs: typeof ttlMs === 'number' ? ttlMs : undefined, isVouched: isVouched === true }
  }
}
