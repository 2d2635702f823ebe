import type { Relay } from '../../bridge/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import { TOOLS } from './list-method.ts'
import { within } from './list-part.ts'
import { readList } from './read-list.ts'

/** A call waits no longer than this, nor longer than its server's `timeoutMs`, for what the list would teach. */
const LEARN_MS = 10_000

/**
 * Is a tool that no list has shown yet for its server's own app alone (MCP Apps, D8)? The list is read for it, once for each
 * user of the server; a server that does not give it in time says nothing against the call.
 * @param relay of a server that is up
 */
export async function learnAppOnly (context: GatewayContext, principal: Principal, relay: Relay, server: ServerSettings, tool: string): Promise<boolean> {
  await within(Math.min(LEARN_MS, server.timeoutMs), readList(context, { principal }, relay, server, TOOLS).settled)
  return context.lists.known.isAppOnly(server, principal, tool) === true
}
