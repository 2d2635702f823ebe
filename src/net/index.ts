/**
 * net: connections to upstream HTTP servers, and to nothing else.
 *
 * Owns: the SSRF guard (which URLs and addresses may be reached), name resolution, TLS towards upstream servers, and one
 * bounded pool of connections per server entry.
 * Never: follows a redirect, connects to an address that it did not check, resolves a name between check and connection,
 * turns certificate verification off, sees MCP, or sends anything of a caller.
 * Called by: src/upstream (createOutbound), config/ (checkTargetUrl).
 * Sources: MCP 2025-11-25 security best practices (SSRF), T47, T48, T51, FR45, rulings 8; RFC 6890, 6761, 9110, 9325.
 *
 * | address | default | with `allowPrivateNetwork` |
 * | public | https | https |
 * | loopback, private, CGNAT, unique local, documentation, benchmark | refused | https, http |
 * | link-local, metadata services, multicast, unspecified, broadcast, reserved | refused | refused |
 * IPv6 addresses that carry an IPv4 address count as that address. All addresses of a name must be allowed, or none is.
 *
 * Fails: with an `OutboundError`, which says the same to everybody and its reason to the log, and means that the request
 * was not sent. Errors of a standing connection are undici's own.
 * Metrics: none; `OutboundError.failure` is a closed set of label values.
 */
export type * from './types.ts'
export { createOutbound } from './outbound.ts'
export { OutboundError } from './outbound-error.ts'
export type { OutboundFailure } from './outbound-error.ts'
export { checkTargetUrl } from './target-url.ts'
