/**
 * seal: what leaves the gateway through a client and has to come back unchanged: cursors, request states, task ids.
 *
 * Owns: the format of sealed texts and the key they are made with.
 * Must never: say why a text was refused, keep anything about what it sealed, trust a byte before it is authenticated.
 * Called by: gateway, bridge.
 * Bound by: T21; MCP pagination (opaque cursors), MCP 2026-07-28 multi round-trip requests (requestState is the client's to
 * change); NIST SP 800-38D (AES-GCM); RFC 4648 5 (base64url).
 * Fails: `open` never, everything that is not exactly what was sealed is undefined; callers answer with GW_ROUTE_CURSOR or
 * GW_PROTOCOL_STATE. `seal` throws a RangeError for what could not be opened again.
 * Metrics: none.
 */
export { deriveKey } from './derive-key.ts'
export type { KeyPurpose } from './derive-key.ts'
export { placeOf, sealedAt } from './sealed-at.ts'
export { createHmacOf } from './hmac.ts'
export { createSealer, MAX_SEALED_CHARS, type SealedPayload, type Sealer } from './sealer.ts'
