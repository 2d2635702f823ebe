import type { ClientSession } from './client-session.ts'
import type { Endpoint } from './messages.ts'
import { createModernSession } from './modern-session.ts'
import { createPlainSession } from './plain-session.ts'
import { createSseSession } from './sse-session.ts'
import { createStreamableSession } from './streamable-session.ts'

/** Client number `index` of a run; users take turns over the sessions. `run` and the number make its payloads unique. */
export function createSession (endpoint: Endpoint, run: string, index: number): ClientSession {
  const credential = endpoint.credentials[index % endpoint.credentials.length]
  const create = endpoint.kind === 'sse' ? createSseSession : endpoint.kind === 'plain' ? createPlainSession : endpoint.era === 'modern' ? createModernSession : createStreamableSession
  return create(endpoint, credential, `${run}.${index}`)
}
