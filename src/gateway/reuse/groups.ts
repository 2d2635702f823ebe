import type { Relay } from '../../bridge/index.ts'
import { digestOf, type Topic, type TopicKind } from '../../cache/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'

/** Whose answers a request may be answered with, the narrowest first. */
export interface Groups {
  /** The worker's own key: server, effective entry, credential version, and tenant, user and capabilities as the isolation wants them. */
  readonly own: string
  /** Everybody of the tenant, for what the server calls public; undefined = the operator did not allow that (T23). */
  readonly open: string | undefined
}

/**
 * Two callers meet in a group only where the same worker would have answered both (T22): the key of the place is the one rule
 * about that. What a caller may see of it is decided each time it is handed out, so the policy is no part of it.
 */
export function groupsOf (server: ServerSettings, { tenant }: Pick<Principal, 'tenant'>, relay: Relay): Groups {
  return { own: relay.place.key, open: openGroup(server, tenant) }
}

/** Per tenant at most, however shared the server's workers are. */
export function openGroup (server: ServerSettings, tenant: string): string | undefined {
  if (server.cache?.public !== true || server.isolation === 'shared') return undefined
  return digestOf(['public', tenant, server.name, server.entryHash])
}

/** Topics that a server's word about one kind of things is about. */
export function topicsOf (groups: Groups, kind: TopicKind): Topic[] {
  const own = { group: groups.own, kind }
  return groups.open === undefined ? [own] : [own, { group: groups.open, kind }]
}

/** A worker of each call's own is never met again. */
export function isReusable ({ isolation }: ServerSettings): boolean {
  return isolation !== 'call'
}

/** Do all replicas reach the same thing by this group's key? Each has its own process of a shared stdio server, and sessions live on one replica. */
export function isOfAllReplicas ({ isolation, transport, stateless }: ServerSettings): boolean {
  if (isolation === 'session' || isolation === 'call') return false
  return isolation !== 'shared' || transport !== 'stdio' || stateless === true
}
