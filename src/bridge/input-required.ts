import { isJsonObject, type JsonObject, type Reply } from '../protocol/index.ts'

/** What a modern server asks within a result, under the key that the answer has to have. */
export interface Question { readonly key: string, readonly method: string, readonly params: JsonObject | undefined }

/** The questions of an `inputRequests`; undefined = it is none. */
export function questionsIn (requests: unknown): Question[] | undefined {
  if (requests === undefined) return []
  if (!isJsonObject(requests)) return undefined
  const questions: Question[] = []
  for (const [key, request] of Object.entries(requests)) {
    if (!isJsonObject(request) || typeof request['method'] !== 'string') return undefined
    const { method, params } = request
    questions.push({ key, method, params: isJsonObject(params) ? params : undefined })
  }
  return questions
}

/** Does a modern server want answers before it answers? (MCP 2026-07-28 multi round-trip requests.) */
export function isInputRequired (reply: Reply): reply is { readonly result: JsonObject } {
  return reply.error === undefined && isJsonObject(reply.result) && reply.result['resultType'] === 'input_required'
}
