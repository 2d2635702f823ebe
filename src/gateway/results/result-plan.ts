import { canonicalText, type Slot } from '../../cache/index.ts'
import type { JsonObject } from '../../protocol/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { Connection } from '../../upstream/index.ts'
import { groupsOf, isOfAllReplicas, isReusable } from '../reuse/groups.ts'
import { requestDigest } from '../reuse/request-digest.ts'
import type { FeatureUse, UseTarget } from '../use.ts'
import { RESULT_CODEC, type KeptResult } from './kept-result.ts'

/** How the result of one use may be reused. */
export interface ResultPlan {
  /** The operator's time, in milliseconds; 0 = only the server's own counts. */
  readonly ownTtlMs: number
  /** The operator says of the tool that it may be answered again; otherwise its server has to. */
  readonly isMarked: boolean
  /** The caller's own, then the public one of the tenant; undefined = the use is one of its own. */
  readonly slots: readonly [own: Slot<KeptResult>, open?: Slot<KeptResult>] | undefined
}

/** The operator's time for a tool's results; undefined = it is not marked. A tool's name is the caller's, so it may be `constructor`. */
export function markOf ({ method, server, name }: FeatureUse): number | undefined {
  const marks = server.tools.cache
  return marks !== undefined && method === 'tools/call' && Object.hasOwn(marks, name) ? marks[name] : undefined
}

/** How a marked tool's result, or the contents of a resource, may be reused. @param declared what the server is told that the client can be asked: it may answer accordingly */
export function resultPlanOf (principal: Principal, use: FeatureUse, target: UseTarget, connection: Connection, params: JsonObject | undefined, declared: JsonObject | undefined): ResultPlan {
  const markedMs = markOf(use)
  const { server } = use
  return {
    ownTtlMs: markedMs ?? server.cache?.readTtlMs ?? 0,
    isMarked: markedMs !== undefined,
    slots: slotsOf(principal, use, target, requestDigest(use.method, params, [connection.era, target.client?.era ?? 'plain', canonicalText(declared ?? {})]))
  }
}

function slotsOf (principal: Principal, { server, method, isUncounted }: FeatureUse, { relay }: UseTarget, id: string | undefined): ResultPlan['slots'] {
  if (id === undefined || isUncounted === true || !isReusable(server)) return undefined
  const { own, open } = groupsOf(server, principal, relay)
  const kind = method === 'resources/read' ? 'reads' : 'results'
  const slotOf = (group: string): Slot<KeptResult> => ({ topic: { group, kind }, id, isShared: isOfAllReplicas(server), codec: RESULT_CODEC })
  return open === undefined || kind === 'results' ? [slotOf(own)] : [slotOf(own), slotOf(open)]
}
