import { isJsonObject, type Reply } from '../protocol/index.ts'
import type { Caller, GatewayContext } from './context.ts'
import type { FeatureUse } from './use.ts'

/** How one use ended. */
export type CallOutcome = 'ok' | 'tool_error' | 'error' | 'cancelled' | 'refused'

/** What an answer of a server, or of the gateway in its place, counts as. */
export function outcomeOf (reply: Reply): 'ok' | 'tool_error' | 'error' {
  if (reply.error !== undefined) return 'error'
  return isJsonObject(reply.result) && reply.result['isError'] === true ? 'tool_error' : 'ok'
}

/** The audit record of one use. */
export function recordCall (context: GatewayContext, { principal, requestId, trail }: Caller, { server, method, name }: FeatureUse, outcome: CallOutcome, durationMs: number, code: string | number | undefined, argumentsHash?: string): void {
  if (trail !== undefined) trail.audited = true
  context.audit.record({
    event: 'call',
    requestId,
    tenant: principal.tenant,
    user: principal.user,
    credentialId: principal.credentialId,
    server: server.name,
    method,
    name,
    outcome,
    durationMs,
    ...(code === undefined ? undefined : { code: String(code) }),
    ...(argumentsHash === undefined ? undefined : { argumentsHash })
  })
}
