import { toModern } from '../bridge/index.ts'
import { MODERN_REVISIONS, type JsonObject, type Reply } from '../protocol/index.ts'
import { AGGREGATE_OFFER, bridgedOffer } from './bridged-offer.ts'
import type { GatewayContext } from './context.ts'
import type { Borrow, ModernTurn } from './modern-turn.ts'

/**
 * server/discover (MCP 2026-07-28): a server's own endpoint says what that server says, whatever era it speaks; the aggregate
 * answers for itself at once.
 */
export async function discover (context: GatewayContext, { route }: ModernTurn, borrow: Borrow): Promise<Reply> {
  if (route.kind === 'aggregate') return toModern('server/discover', { result: aggregateDiscovery() }, { era: 'modern', serverInfo: gatewayInfo(context) })
  const connection = await borrow(context.server(route.server)).connection()
  const { instructions, serverInfo } = connection.initializeResult
  const result: JsonObject = {
    supportedVersions: [...MODERN_REVISIONS],
    capabilities: bridgedOffer(connection, 'modern'),
    ...(typeof instructions === 'string' ? { instructions } : undefined)
  }
  return toModern('server/discover', { result }, { era: connection.era, serverInfo })
}

/** Who answers on the aggregate. */
export function gatewayInfo (context: GatewayContext): JsonObject {
  return { name: 'drawbridge', version: context.version }
}

function aggregateDiscovery (): JsonObject {
  return {
    supportedVersions: [...MODERN_REVISIONS],
    capabilities: AGGREGATE_OFFER
  }
}
