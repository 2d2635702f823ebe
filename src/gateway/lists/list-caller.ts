import type { Relay } from '../../bridge/index.ts'
import type { Reply } from '../../protocol/index.ts'
import type { SessionRoute } from '../../session/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'

/** Whoever asks for a list: a session, one modern request, a plain caller. */
export interface ListCaller {
  readonly principal: Principal
  readonly route: SessionRoute
  /** Its relay to a server that it may use. @throws GatewayError when it has gone meanwhile */
  relayTo (server: ServerSettings): Relay
  /** It was given a list without this server's part, or with an old one; absent = it cannot be told when that changes. */
  oweLists? (relay: Relay): void
  /** A notification for it alone: a part that was late has come. Absent as above. */
  tell? (method: string): void
}

/** What a list is answered with. */
export type ListReply = Reply & {
  /**
   * For how many milliseconds the answer may be kept, as far as its servers say so: the shortest of all, at most 300 000 (T23),
   * 0 when a part is missing or old. Absent = none of them says anything. The result itself is not changed for it.
   */
  readonly ttlMs?: number
}
