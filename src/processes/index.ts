/**
 * processes: one gateway on several event loops (`processes: N`).
 *
 * Owns: which process owns a caller, the share of the bounds that one process may use, the primary that starts the others,
 * and what they tell each other.
 * Never: verifies a credential; looks into a request; serves MCP itself.
 * Called by: server.ts (primary and members), plugins (whether to forward a request).
 * Sources: rulings 6 (`processes`), 7 (user-keyed workers live on one owner); R30.
 * Fails: an ended member is started again, its callers' sessions are gone as with any restart (404, initialize anew).
 */
export { createOwners } from './owners.ts'
export type { Owners } from './owners.ts'
export { shareOf } from './share-of.ts'
export { startMembers } from './members.ts'
export type { Members, MembersOptions } from './members.ts'
export { joinPrimary } from './join-primary.ts'
export type { Gather, MemberDuties, Membership, Primary } from './join-primary.ts'
export type { Place as MemberPlace } from './messages.ts'
