import { ModernClient, toLegacy, toModern } from '../bridge/index.ts'
import { LATEST_LEGACY, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import type { GatewayError } from '../shared/errors.ts'
import type { Principal } from '../shared/principal.ts'
import type { Connection } from '../upstream/index.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import type { GatewayContext } from './context.ts'
import { offersTasks, withSealedTasks } from './tasks.ts'

/**
 * A server's reply as its client may have it: in the client's names, era and revision, with sealed ids and states; by
 * reference where all of that is the server's own.
 * @param connection the one that answered; undefined = the gateway itself did
 * @param declared what it was told that the client can be asked
 */
export function readableReply (context: GatewayContext, principal: Principal, use: FeatureUse, target: UseTarget, connection: Connection | undefined, declared: JsonObject, reply: Reply): Reply {
  const { client, relay } = target
  const era = connection?.era ?? 'legacy'
  const hasTasks = connection !== undefined && client !== undefined && use.rewrite === undefined && offersTasks(connection, client.era)
  const own = hasTasks ? withSealedTasks(context, principal, relay, use, reply) : renamed(reply, use.rewrite)
  if (client instanceof ModernClient) {
    const server = { era, serverInfo: connection?.initializeResult['serverInfo'], mayMakeTask: mayMakeTask(use, target) }
    return client.reissued(own) ?? client.withState(toModern(use.method, own, server), declared)
  }
  return toLegacy(use.method, own, era, client?.revision ?? LATEST_LEGACY)
}

/** Is a modern server told that it may answer with a task? */
export function mayMakeTask (use: FeatureUse, target: UseTarget): boolean {
  return target.declaresTasks === true && use.rewrite === undefined
}

/** A refusal in the words of the client's era. */
export function readableRefusal ({ method }: FeatureUse, { client }: UseTarget, error: GatewayError): Reply {
  const reply = { error: toJsonRpcError(error) }
  return client?.era === 'modern' ? toModern(method, reply, { era: 'legacy', serverInfo: undefined }) : reply
}

function renamed (reply: Reply, rewrite: FeatureUse['rewrite']): Reply {
  if (rewrite === undefined || reply.error !== undefined) return reply
  const result = rewrite(reply.result)
  return result === reply.result ? reply : { result }
}
