import { isJsonObject, withMember, withoutHopMeta, type JsonObject } from '../protocol/index.ts'
import type { UpstreamCall } from './types.ts'

/**
 * A call's params as session-era servers get them: without what a client said to us alone, and with a progress token of our own
 * or none. A client's never reaches a server (T20).
 * @param token our own, for progress
 */
export function legacyParams ({ params, onProgress }: UpstreamCall, token: number): JsonObject | undefined {
  const own = withoutHopMeta(params)
  if (onProgress === undefined) return own
  const meta = own?.['_meta']
  return withMember(own, '_meta', isJsonObject(meta) ? { ...meta, progressToken: token } : { progressToken: token })
}
