import { errorReply, toJsonRpcError, type JsonObject, type JsonRpcErrorBody, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { Exchange, SessionRoute } from '../session/index.ts'
import type { GatewayError } from '../shared/errors.ts'
import type { Result } from '../shared/result.ts'
import { useFeature } from './call.ts'
import type { FeatureUse } from './use.ts'
import type { Caller, GatewayContext } from './context.ts'
import { featureOf } from './feature.ts'
import { learnFor } from './learn.ts'
import { draining } from './refusals.ts'

/** One tool call of a caller without an MCP client. */
export interface PlainCall { readonly toolName: string, readonly arguments: JsonObject | undefined }

/** `refused` is set when the call never ran: the single form answers with its HTTP status, the batch form in place. */
export type PlainOutcome =
  | { readonly ok: true, readonly result: unknown }
  | { readonly ok: false, readonly error: JsonRpcErrorBody, readonly refused?: GatewayError }

/** Runs one tool for a caller without a session. `abort` ends it when the caller has gone (rulings 4). Never rejects. */
export async function callPlainTool (context: GatewayContext, caller: Caller, route: SessionRoute, call: PlainCall, abort: AbortSignal): Promise<PlainOutcome> {
  try {
    const feature = await resolved(context, caller, route, call)
    return feature.ok ? await run(context, caller, feature.value, abort) : outcomeOf(feature.error)
  } catch (thrown) {
    context.events.thrown(thrown)
    return outcomeOf(errorReply('GW_INTERNAL'))
  }
}

async function resolved (context: GatewayContext, caller: Caller, route: SessionRoute, call: PlainCall): Promise<Result<FeatureUse, Reply>> {
  const params: JsonObject = { name: call.toolName, ...(call.arguments === undefined ? undefined : { arguments: call.arguments }) }
  const letGo: Array<() => void> = []
  const learning = learnFor(context, caller.principal, route, 'tools/call', params, (server) => {
    const { relay, release } = context.links.borrow(caller.principal, server)
    letGo.push(release)
    return relay
  })
  if (learning !== undefined) await learning.finally(() => { for (const release of letGo) release() })
  return featureOf(context, caller.principal, route, 'tools/call', params)
}

function run (context: GatewayContext, caller: Caller, feature: FeatureUse, abort: AbortSignal): Promise<PlainOutcome> {
  return new Promise((resolve) => {
    const { relay, release } = context.links.borrow(caller.principal, feature.server)
    useFeature(context, caller, feature, { relay, client: undefined, exchange: new PlainExchange(resolve), id: 0, signal: abort, onSettled: release })
  })
}

class PlainExchange implements Exchange {
  readonly #resolve: (outcome: PlainOutcome) => void
  constructor (resolve: (outcome: PlainOutcome) => void) { this.#resolve = resolve }
  emit (): void {}
  finish (_id: JsonRpcId, reply: Reply): void { this.#resolve(outcomeOf(reply)) }
  drop (): void { this.#resolve(outcomeOf(errorReply('GW_CANCELLED'))) }
  refuse (error: GatewayError): void { this.#resolve({ ok: false, error: toJsonRpcError(error), refused: error }) }
}

function outcomeOf (reply: Reply): PlainOutcome {
  return reply.error === undefined ? { ok: true, result: reply.result } : { ok: false, error: reply.error }
}

/** What a caller is told who comes while the gateway is shutting down. */
export function drainingOutcome (): PlainOutcome {
  const error = draining()
  return { ok: false, error: toJsonRpcError(error), refused: error }
}
