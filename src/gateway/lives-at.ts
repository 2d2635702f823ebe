import type { JsonObject } from '../protocol/index.ts'
import { placeOf, type SealedPayload } from '../seal/index.ts'
import type { SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'
import type { GatewayContext } from './context.ts'
import { openCursor } from './lists/cursor.ts'

/** One modern request, as far as it may bring something that was sealed. */
export interface SealedIn { readonly principal: Principal, readonly route: SessionRoute, readonly method: string, readonly params: JsonObject }

/**
 * The replica that sealed what a modern request brings back: a parked call, a task or the place in a list may be there only, where
 * the server is nobody's in particular. Undefined for all others, and for what is no text of ours: it is refused where it is used.
 */
export function livesAt ({ parks, tasks, sealer }: GatewayContext, request: SealedIn): string | undefined {
  const { principal, method, params } = request
  const { requestState, taskId, cursor } = params
  if (requestState !== undefined) return placeOf(parks.states.open(request, requestState) as SealedPayload | undefined)
  if (taskId !== undefined) return placeOf(tasks.open(principal, taskId) as SealedPayload | undefined)
  return cursor === undefined ? undefined : placeOf(openCursor(sealer, request, { method }, cursor))
}
