import { bridgedCapabilities } from '../bridge/index.ts'
import { isJsonObject, negotiate, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import type { ClientHello, Session } from '../session/index.ts'
import { toGatewayError } from '../shared/errors.ts'
import { AGGREGATE_OFFER, bridgedOffer } from './bridged-offer.ts'
import type { GatewayContext } from './context.ts'

/** Reads initialize's params; whatever version was asked for, a version is agreed on, never an error (MCP lifecycle). */
export function helloOf (params: JsonObject | undefined): ClientHello {
  const capabilities = params?.['capabilities']
  return {
    protocolVersion: negotiate(params?.['protocolVersion']),
    capabilities: isJsonObject(capabilities) ? bridgedCapabilities(capabilities) : {}
  }
}

/** What the client is told about a server's own endpoint: the server's words, our version, without what is not bridged. */
export async function initializeServer (context: GatewayContext, session: Session): Promise<Reply> {
  if (session.route.kind !== 'server') {
    context.reopening?.keep(session)
    return { result: aggregateHello(context, session) }
  }
  try {
    const relay = context.links.of(session, context.server(session.route.server))
    const connection = await relay.connection()
    context.reopening?.keep(session)
    return { result: { ...connection.initializeResult, protocolVersion: session.hello.protocolVersion, capabilities: bridgedOffer(connection, 'legacy', session.hello.protocolVersion) } }
  } catch (thrown) {
    endFailed(context, session)
    return { error: toJsonRpcError(toGatewayError(thrown)) }
  }
}

/** A client that was told no has no session (MCP lifecycle); on HTTP+SSE its stream is one, and it may greet again. */
function endFailed (context: GatewayContext, session: Session): void {
  if (session.face === 'http') return context.sessions.close(session)
  context.links.drop(session)
  session.forgetGreeting()
}

/**
 * The aggregate answers at once, whatever its servers are doing: it offers what any server may offer, and lists come
 * from those that are up.
 */
function aggregateHello (context: GatewayContext, session: Session): JsonObject {
  return {
    protocolVersion: session.hello.protocolVersion,
    capabilities: AGGREGATE_OFFER,
    serverInfo: { name: 'drawbridge', version: context.version }
  }
}
