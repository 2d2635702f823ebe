import { isJsonObject, saysTwice } from '../../protocol/index.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { ArgumentConditions } from '../../tenancy/index.ts'
import type { FeatureUse } from '../use.ts'

/**
 * Holds a tool call to the operator's rules about arguments. Large ones become a value here and are sent as that value: what was
 * decided about is what travels (T34). Undefined = they may go.
 */
export function ruleRefusal (conditions: ArgumentConditions, { method, params }: FeatureUse): GatewayError | undefined {
  if (method !== 'tools/call') return undefined
  const given = params?.['arguments']
  const args = isJsonObject(given) ? given : {}
  if (saysTwice(args)) return new GatewayError('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: "arguments" must not say a member twice' })
  const message = conditions.refusal(args)
  return message === undefined ? undefined : new GatewayError('GW_POLICY_DENIED', { publicMessage: message })
}
