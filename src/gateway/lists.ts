import type { JsonObject } from '../protocol/index.ts'
import type { GatewayContext } from './context.ts'
import { listOfAll } from './lists/all-lists.ts'
import type { ListCaller, ListReply } from './lists/list-caller.ts'
import type { ListMethod } from './lists/list-method.ts'
import { listOfServer } from './lists/own-list.ts'

export type { ListCaller, ListReply } from './lists/list-caller.ts'
export { listOf, type ListMethod } from './lists/list-method.ts'

/**
 * A list as the caller's route has it: one server's, or all servers' at once.
 * @throws GatewayError from `caller.relayTo`
 */
export function listFor (context: GatewayContext, caller: ListCaller, list: ListMethod, params: JsonObject | undefined): Promise<ListReply> {
  if (caller.route.kind === 'aggregate') return listOfAll(context, caller, list, params)
  return listOfServer(context, caller, context.server(caller.route.server), list, params)
}
