/**
 * replicas: who serves whom, when several gateways serve the same users.
 *
 * Owns: the list of live replicas, who owns a user's (or tenant's) workers, the tag in session ids, and the signed claims of a
 * request that is handed over.
 * Never: speaks to Redis itself (its store is a port), looks into a request, serves MCP.
 * Called by: plugins (where a request is served), gateway (session ids, sealed states), compose.
 * Sources: rulings 7, reliability FR23, FR24, FR30, FR31, T01, T02.
 * Fails: without its store it goes on with what it remembers; whoever it cannot place is answered 503, never by a guess.
 */
export { createHopSigner, type HopSigner, type HopTarget, type LateHop, type ReceivedHop } from './hop-signer.ts'
export { createOwnerKeys, isOwnedBy, ownerOfKey, type OwnerKeyOf } from './owner-keys.ts'
export { createReplicas, type ReplicasOptions } from './replicas.ts'
export { rendezvous } from './rendezvous.ts'
export { instanceOf } from './session-tags.ts'
export { INSTANCE_CHARS } from './types.ts'
export type {
  AskPeer, Beat, Claimed, ClaimRequest, Home, HopClaims, Listed, OwnClaim, OwnerKey, PeerAnswer, Replica, ReplicaEvents, Replicas,
  ReplicaStore, SessionHome
} from './types.ts'
