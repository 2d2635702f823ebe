import { ModernClient, toLegacy, toModern } from '../bridge/index.ts'
import { LATEST_LEGACY, type Reply } from '../protocol/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { Connection } from '../upstream/index.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import type { GatewayContext } from './context.ts'
import { offersTasks, withSealedTasks } from './tasks.ts'

/**
 * A server's reply as its client may have it: in the client's names, era and revision, with sealed ids and states; by
 * reference where all of that is the server's own.
 * @param connection the one that answered; undefined = the gateway itself did
 */
export function readableReply (context: GatewayContext, principal: Principal, use: FeatureUse, target: UseTarget, connection: Connection | undefined, reply: Reply): Reply {
  const { client, relay } = target
  const era = connection?.era ?? 'legacy'
  const hasTasks = connection !== undefined && client !== undefined && use.rewrite === undefined && offersTasks(connection, client.era)
  const own = hasTasks ? withSealedTasks(context, principal, relay, use, reply) : renamed(reply, use.rewrite)
  if (client instanceof ModernClient) return client.withState(toModern(use.method, own, { era, serverInfo: connection?.initializeResult['serverInfo'] }))
  return toLegacy(use.method, own, era, client?.revision ?? LATEST_LEGACY)
}

function renamed (reply: Reply, rewrite: FeatureUse['rewrite']): Reply {
  if (rewrite === undefined || reply.error !== undefined) return reply
  const result = rewrite(reply.result)
  return result === reply.result ? reply : { result }
}
