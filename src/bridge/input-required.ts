import { isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'

/** Does a modern server want answers before it answers? (MCP 2026-07-28 multi round-trip requests.) */
export function isInputRequired (reply: Reply): reply is { readonly result: JsonObject } {
  return reply.error === undefined && isJsonObject(reply.result) && reply.result['resultType'] === 'input_required'
}
