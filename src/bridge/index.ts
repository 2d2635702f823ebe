/**
 * bridge: carries one era's conversation to the other side of a hop.
 *
 * Owns what is declared upstream for a client, the attribution of what servers ask and say (rulings 4), the roots filter
 * (rulings 1), restoring state after a worker's restart, the rounds between the eras: parking a session-era call for a modern
 * client, driving a modern server for a session, and the forms of results in each era. Never picks a worker (upstream) and
 * never grants anything (tenancy, limits). Called by gateway. Bound by MCP 2025-11-25 client features, MCP 2026-07-28 multi
 * round-trip requests and subscriptions, T20, T21. A question that can reach nobody is answered as protocol revisions say:
 * elicitation cancelled, others method not found.
 */
export { cannotAnswer } from './driven-rounds.ts'
export { bridgedCapabilities, capabilitiesFor, capabilitiesOfRequest } from './client-capabilities.ts'
export { KnownTools, type ToolChecks } from './known-tools.ts'
export { ListeningClient } from './listening-client.ts'
export { ModernClient, type Round } from './modern-client.ts'
export { Parks } from './parks.ts'
export { Relay, type FaceRewrite } from './relay.ts'
export { RelayedCall, type RelayedCallOptions } from './relayed-call.ts'
export { RequestStates, type RequestState, type StateSubject } from './request-states.ts'
export { capabilitiesOf } from './server-capabilities.ts'
export { TaskIds, type TaskOfServer } from './task-ids.ts'
export { TaskOwners } from './task-owners.ts'
export { toLegacy } from './to-legacy.ts'
export { toModern, type ReplyingServer } from './to-modern.ts'
