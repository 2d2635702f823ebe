import { errorReply, type Reply } from '../protocol/index.ts'
import type { CancelReason } from './types.ts'

/** What the caller of a cancelled call is told. One that draining cut short may have run, so it must not simply be repeated; one that was not sent has not. */
export function replyToCancelled (isSent: boolean, reason: CancelReason): Reply {
  if (reason !== 'draining') return errorReply('GW_CANCELLED')
  return errorReply(isSent ? 'GW_UPSTREAM_LOST' : 'GW_DRAINING')
}
