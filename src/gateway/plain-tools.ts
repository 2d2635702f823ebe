import { toJsonRpcError, type JsonObject, type JsonRpcErrorBody, type JsonRpcId, type Reply } from '../protocol/index.ts'
import type { Exchange, SessionRoute } from '../session/index.ts'
import type { GatewayError } from '../shared/errors.ts'
import type { RelayedCall } from '../bridge/index.ts'
import { useFeature } from './call.ts'
import type { Caller, GatewayContext } from './context.ts'
import { featureOf } from './feature.ts'

/** One tool call of a caller without an MCP client. */
export interface PlainCall { readonly toolName: string, readonly arguments: JsonObject | undefined }

/** `refused` is set when the call never ran: the single form answers with its HTTP status, the batch form in place. */
export type PlainOutcome =
  | { readonly ok: true, readonly result: unknown }
  | { readonly ok: false, readonly error: JsonRpcErrorBody, readonly refused?: GatewayError }

/** Runs one tool for a caller without a session. `abort` ends it when the caller has gone (rulings 4). Never rejects. */
export function callPlainTool (context: GatewayContext, caller: Caller, route: SessionRoute, call: PlainCall, abort: AbortSignal): Promise<PlainOutcome> {
  const params: JsonObject = { name: call.toolName, ...(call.arguments === undefined ? undefined : { arguments: call.arguments }) }
  const feature = featureOf(context, caller.principal, route, 'tools/call', params)
  if (!feature.ok) return Promise.resolve(outcomeOf(feature.error))
  return new Promise((resolve) => {
    const { relay, release } = context.links.borrow(caller.principal, feature.value.server)
    const exchange = new PlainExchange(resolve)
    useFeature(context, caller, feature.value, { relay, session: undefined, exchange, id: 0, onSettled: release, onCall: (running) => cancelOnAbort(running, abort) })
  })
}

function cancelOnAbort (call: RelayedCall, abort: AbortSignal): void {
  if (abort.aborted) call.cancel('client_disconnected')
  else abort.addEventListener('abort', () => call.cancel('client_disconnected'), { once: true })
}

class PlainExchange implements Exchange {
  readonly #resolve: (outcome: PlainOutcome) => void
  constructor (resolve: (outcome: PlainOutcome) => void) { this.#resolve = resolve }
  emit (): void {}
  finish (_id: JsonRpcId, reply: Reply): void { this.#resolve(outcomeOf(reply)) }
  drop (): void { this.#resolve({ ok: false, error: { code: 49901, message: 'The request was cancelled.' } }) }
  refuse (error: GatewayError): void { this.#resolve({ ok: false, error: toJsonRpcError(error), refused: error }) }
}

function outcomeOf (reply: Reply): PlainOutcome {
  return reply.error === undefined ? { ok: true, result: reply.result } : { ok: false, error: reply.error }
}
