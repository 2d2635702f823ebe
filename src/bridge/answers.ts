import { errorReply, type JsonObject, type Reply } from '../protocol/index.ts'

const QUESTIONS: ReadonlySet<string> = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list'])

/** Is this what a client can be asked, if it declares so? */
export function isQuestion (method: string): boolean {
  return QUESTIONS.has(method)
}

/** What a server gets whose question can reach nobody (protocol: the client declined, or lacks the capability). */
export function unaskable (method: string): Reply {
  if (method === 'elicitation/create') return { result: { action: 'cancel' } }
  return errorReply('GW_UPSTREAM_ASK_REFUSED')
}

/** What a server gets whose question was put to the client and not answered. */
export function unanswered (method: string): Reply {
  return method === 'elicitation/create' ? unaskable(method) : errorReply('GW_CANCELLED')
}

/** The ClientCapabilities that a question needs, as `data.requiredCapabilities` of -32021 has them (MCP 2026-07-28). */
export function requiredCapabilities (method: string, params: JsonObject | undefined): JsonObject {
  switch (method) {
    case 'roots/list': return { roots: {} }
    case 'sampling/createMessage': return { sampling: params?.['tools'] === undefined ? {} : { tools: {} } }
    default: return { elicitation: params?.['mode'] === 'url' ? { url: {} } : { form: {} } }
  }
}
