import type { Relay } from '../../bridge/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { GatewayContext } from '../context.ts'
import { TOOLS } from '../lists/list-method.ts'
import { within } from '../lists/list-part.ts'
import { readList, reusedList } from '../lists/read-list.ts'
import { readServerList } from '../lists/server-list.ts'

/** A call waits no longer than this, nor longer than its server's `timeoutMs`, for a list. */
const LEARN_MS = 10_000

/**
 * The tools of a server of which no list was seen, once for each of its users: from what is kept, or else by asking it. One
 * that has not given its list a moment ago is not asked before every call.
 */
export async function learnTools (context: GatewayContext, principal: Principal, relay: Relay, server: ServerSettings): Promise<void> {
  const { known } = context.lists
  const reused = reusedList(context, { principal }, relay, server, TOOLS)
  if (reused !== undefined) return known.saw(server, principal, TOOLS, reused.items, reused.isWhole)
  if (known.has(server, principal, TOOLS)) return
  await within(Math.min(LEARN_MS, server.timeoutMs), readList(context, { principal }, relay, server, TOOLS).settled)
}

const reading = new WeakMap<Relay, Promise<boolean>>()

/** What this very connection lists, whatever is kept; whoever comes meanwhile waits for the same answer. False: it does not say. */
export async function readToolsAnew (context: GatewayContext, relay: Relay, server: ServerSettings): Promise<boolean> {
  const running = reading.get(relay) ?? readNow(context, relay, server).finally(() => reading.delete(relay))
  reading.set(relay, running)
  return await within(Math.min(LEARN_MS, server.timeoutMs), running) === true
}

async function readNow (context: GatewayContext, relay: Relay, server: ServerSettings): Promise<boolean> {
  const { tools } = relay
  const { generation, starts } = tools
  const read = await readServerList(relay, server, TOOLS, context.nowMs)
  if (read === undefined) return false
  tools.checks = context.lists.known.checksOf(server, read.items, read.isWhole)
  if (tools.starts === starts) tools.listed = tools.checks
  tools.isCurrent = tools.generation === generation
  return true
}
