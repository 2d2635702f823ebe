import type { Relay } from '../bridge/index.ts'
import { isJsonObject, ownCodeOf, type Reply } from '../protocol/index.ts'
import { identityOf } from '../routing/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { LEARN_MS, readToolsAnew } from './arguments/learn-tools.ts'
import type { GatewayContext } from './context.ts'
import { listsOfKind, type ListMethod } from './lists/list-method.ts'
import { within } from './lists/list-part.ts'
import { readList, reusedList } from './lists/read-list.ts'
import type { FeatureUse } from './use.ts'

/** JSON-RPC 2.0 5.1; what servers answer for tools that they do not have (MCP tools). */
const UNKNOWN = new Set([-32601, -32602])

/** What was asked for. */
type Sought = Pick<FeatureUse, 'server' | 'method' | 'kind' | 'name'>

/**
 * Is this what a server says of something that it does not have? Each has its own words for that, and whoever compares them with
 * those for what a rule hides would learn that it is only hidden: so both get the same (T25). What is not listed and works is left
 * alone, and so are errors about prompts and resources where no rule hides any.
 *
 * A list that may have changed is read again, after the answer; where it cannot be read, what a rule might hide counts as not listed.
 * Synchronous for every answer that is no refusal, and for tools while their list is known.
 */
export function isOfUnlisted (context: GatewayContext, principal: Principal, relay: Relay, sought: Sought, reply: Reply): boolean | Promise<boolean> {
  if (sought.method === 'tools/call') return isToolRefusal(reply) && isUnlistedTool(context, principal, relay, sought)
  if (reply.error === undefined || ownCodeOf(reply.error) !== undefined) return false
  return context.policy.hidesSome(principal, sought.server.name, sought.kind) && isInNoList(context, principal, relay, sought)
}

function isToolRefusal ({ error, result }: Reply): boolean {
  if (error === undefined) return isJsonObject(result) && result['isError'] === true
  return UNKNOWN.has(error.code) && ownCodeOf(error) === undefined
}

function isUnlistedTool (context: GatewayContext, principal: Principal, relay: Relay, { server, kind, name }: Sought): boolean | Promise<boolean> {
  const { checks, isCurrent } = relay.tools
  if (checks?.byName.has(name) === true) return false
  if (isCurrent && checks?.isWhole === true) return true
  const unless = context.policy.hidesSome(principal, server.name, kind)
  // Lists of this server are nobody's business but its clients'.
  if (server.validateArguments === false && !unless) return false
  return readToolsAnew(context, relay, server).then((isRead) => {
    // Where it has changed meanwhile too, it is still later than the answer.
    const { checks } = relay.tools
    return isRead && checks !== undefined && (checks.isWhole || checks.byName.has(name)) ? !checks.byName.has(name) : unless
  })
}

async function isInNoList (context: GatewayContext, principal: Principal, relay: Relay, { server, kind, name }: Sought): Promise<boolean> {
  for (const list of listsOfKind(kind)) {
    const items = await itemsOf(context, principal, relay, server, list)
    if (items?.some((item) => identityOf(list.member, item) === name) === true) return false
  }
  return true
}

/** What is kept of the list is good enough: what it names, the caller was shown or may ask for. */
async function itemsOf (context: GatewayContext, principal: Principal, relay: Relay, server: ServerSettings, list: ListMethod): Promise<readonly unknown[] | undefined> {
  const reused = reusedList(context, { principal }, relay, server, list)
  if (reused !== undefined) return reused.items
  const read = await within(Math.min(LEARN_MS, server.timeoutMs), readList(context, { principal }, relay, server, list).settled)
  return typeof read === 'symbol' ? undefined : read?.items
}
