/**
 * net: connections to upstream HTTP servers, and to nothing else.
 *
 * Owns: the SSRF guard (which URLs and addresses may be reached), name resolution, TLS towards upstream servers, and an
 * HTTP/1.1 client: one bounded pool of connections per server entry and worker key, one request at a time on each.
 * Never: follows a redirect, connects to an address that it did not check, resolves a name between check and connection,
 * turns certificate verification off, reads an answer that could be read in two ways, sees MCP, or sends anything of a caller.
 * Called by: src/upstream, src/auth, src/tenancy, src/cli, plugins/, config/.
 * Sources: MCP 2025-11-25 security best practices (SSRF), T47, T48, T49, T51, FR45, rulings 8 and 9; RFC 6890, 6761, 9110, 9112, 9325.
 *
 * | address | default | with `allowPrivateNetwork` |
 * | public | https | https |
 * | loopback, private, CGNAT, unique local, documentation, benchmark | refused | https, http |
 * | link-local, metadata services, multicast, unspecified, broadcast, reserved | refused | refused |
 * IPv6 addresses that carry an IPv4 address count as that address. All addresses of a name must be allowed, or none is.
 *
 * Fails: with an `OutboundError`, which says the same to everybody and its reason to the log, and means that the request
 * was not sent; with a `ConnectionError` when a connection that stood was lost, or what came on it is no answer.
 *
 * The client is our own because every tools/call to an HTTP server passes through it: 64 requests at a time of 500 bytes
 * with answers of 300 cost 12.5 µs of CPU each, reading the answer included, and 19.0 µs through undici 8, on the same
 * machine. The difference is in what is left out: one write per request, memory to read into that is used again, a head that
 * is written once per session, and nothing for other protocols, methods or interceptors. It reads less than undici does,
 * never more.
 *
 * Metrics: none; `OutboundError.failure` is a closed set of label values.
 */
export type * from './types.ts'
export { classifyAddress } from './address-class.ts'
export { createOutbound } from './outbound.ts'
export { askJson } from './ask-json.ts'
export { askText } from './ask-text.ts'
export type { AnswerHead } from './answer-head.ts'
export type { RequestHead } from './request-head.ts'
export { ConnectionError } from './connection-error.ts'
export { OutboundError } from './outbound-error.ts'
export type { OutboundFailure } from './outbound-error.ts'
export { checkTargetUrl } from './target-url.ts'
