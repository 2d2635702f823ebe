import { isJsonObject, type Reply } from '../protocol/index.ts'

/** The answer in a message without a method; undefined when it is none. */
export function readReply (message: Record<string, unknown>): Reply | undefined {
  const { result, error } = message
  // Some JSON-RPC libraries write both members, one of them null.
  if ((error === undefined || error === null) && result !== undefined) return { result }
  if (isJsonObject(error) && Number.isSafeInteger(error['code']) && typeof error['message'] === 'string') {
    return { error: error as unknown as NonNullable<Reply['error']> }
  }
  return undefined
}
