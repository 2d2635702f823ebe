import { hash } from 'node:crypto'
import { rawMember } from '../../protocol/index.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { DecisionPoint } from '../../tenancy/index.ts'
import type { Caller } from '../context.ts'
import type { FeatureUse } from '../use.ts'

/**
 * Asks the operator's decision point about a call that everything else allows (T53).
 * @returns why the call is refused; undefined = it is not
 */
export async function decisionOf (point: DecisionPoint, { principal, requestId }: Caller, use: FeatureUse): Promise<GatewayError | undefined> {
  const { server, kind, method, name } = use
  const json = argumentsJson(use)
  const answer = await point.ask({
    principal,
    requestId,
    server: server.name,
    kind,
    method,
    name,
    argumentsSha256: json === undefined ? undefined : hash('sha256', json),
    argumentsJson: point.wantsArguments ? json?.toString() : undefined
  })
  switch (answer.kind) {
    case 'allowed': return undefined
    case 'denied': return new GatewayError('GW_POLICY_DENIED', answer.message === undefined ? {} : { publicMessage: answer.message })
    case 'away': return new GatewayError('GW_POLICY_UNAVAILABLE', { retryAfterS: 1 })
  }
}

/** Of a tool or prompt; large ones are the bytes that are sent. */
function argumentsJson ({ params = {}, method }: FeatureUse): string | Buffer | undefined {
  if (method !== 'tools/call' && method !== 'prompts/get') return undefined
  return rawMember(params, 'arguments') ?? JSON.stringify(params['arguments'] ?? {})
}
