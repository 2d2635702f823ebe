/**
 * bridge: carries one era's conversation to the other side of a hop.
 *
 * Owns what is declared upstream for a client, the attribution of what servers ask and say (rulings 4), the roots filter
 * (rulings 1), restoring state after a worker's restart. Never picks a worker (upstream) and never grants anything
 * (tenancy, limits). Called by gateway. Bound by MCP 2025-11-25 client features and by T20. A question that can reach
 * nobody is answered as protocol revisions say: elicitation cancelled, others method not found.
 */
export { bridgedCapabilities, capabilitiesFor } from './client-capabilities.ts'
export { downConvert } from './down-convert.ts'
export { Relay, type FaceRewrite } from './relay.ts'
export { RelayedCall, type RelayedCallOptions } from './relayed-call.ts'
