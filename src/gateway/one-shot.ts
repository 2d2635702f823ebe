import type { Relay } from '../bridge/index.ts'
import { toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import { toGatewayError } from '../shared/errors.ts'

/** A request of the gateway's own making, or one that needs no attribution: lists, subscriptions. Never rejects. */
export async function askServer (relay: Relay, method: string, params: JsonObject | undefined, timeoutMs: number): Promise<Reply> {
  try {
    const connection = await relay.connection()
    relay.place.touch()
    return await new Promise<Reply>((resolve) => {
      connection.call({ method, params, timeoutMs, maxTimeoutMs: timeoutMs, origin: undefined, onReply: resolve })
    })
  } catch (thrown) {
    return { error: toJsonRpcError(toGatewayError(thrown)) }
  }
}
