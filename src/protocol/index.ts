/**
 * protocol: JSON-RPC and MCP as text. Bytes to classified messages, messages to text, revisions, SSE frames, and the
 * exact reading of the headers on which those depend or which repeat what they say.
 *
 * Owns: what a well-formed message is; the bounds on a body's structure; the wire form of errors.
 * Must never: do I/O, know tenants or servers, change `params` or a `result`, validate by MCP's per-method schemas.
 * Called by: routes/ (bodies, headers, frames), gateway, bridge, upstream, routing (types and texts).
 * Bound by: JSON-RPC 2.0; MCP 2024-11-05 to 2026-07-28 base protocol and transports; RFC 9110 5.5, 8.3 and 12.5.1; WHATWG
 * server-sent events; T03, T30, T32-T38; rulings 4.
 * Fails: by `Result` only (GW_PROTOCOL_PARSE, _SHAPE, _BATCH; modern: _META, _HEADERS, _UNSUPPORTED, _METHOD); nothing here
 * throws on input.
 * Metrics: none of its own; callers count refusals by code.
 */
export type { JsonObject, JsonRpcErrorBody, JsonRpcId, Reply } from './message.ts'
export type { Inbound, InboundMessage } from './inbound.ts'
export { parseBody } from './parse-body.ts'
export type { ParsedBody } from './parse-body.ts'
export { parseJson } from './parse-json.ts'
export { isJsonObject } from './classify.ts'
export { MAX_BATCH, MAX_DEPTH, MAX_KEYS } from './limits.ts'
export { hasFeature, isKnownRevision, isModernVersion, LATEST_LEGACY, LEGACY_REVISIONS, MODERN_REVISIONS, negotiate } from './revisions.ts'
export type { LegacyRevision, RevisionFeature } from './revisions.ts'
export { SSE_KEEPALIVE, sseEndpoint, sseMessage, ssePriming } from './sse.ts'
export { acceptsBoth, acceptsEventStream } from './accept.ts'
export { isJsonMediaType } from './media-type.ts'
export { isAtLeast, LOG_LEVELS } from './log-levels.ts'
export { EXTENSION, META } from './meta.ts'
export { isModern } from './modern-claim.ts'
export { modernNotificationRefusal, readModern } from './read-modern.ts'
export type { ModernMeta, RequestHeaders } from './modern-request.ts'
export { repeatedMirror } from './repeated-header.ts'
export { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'
export { mirroredName } from './mirrored-name.ts'
export { mirroredParams } from './mirrored-params.ts'
export type { MirroredParam } from './mirrored-params.ts'
export { disagreeingParam, mirrorHeaders } from './mirrored-headers.ts'
export { withModernMeta, withoutHopMeta } from './hop-meta.ts'
export type { HopMeta } from './hop-meta.ts'
export { isSessionIdShape } from './session-id.ts'
export { errorReply, ownCodeOf, toJsonRpcError } from './error-reply.ts'
export { lineSafe, notificationText, requestMessage, requestText, responseMessage, responseText } from './message-text.ts'
export { SplicedText } from './json-text.ts'
export type { JsonText } from './json-text.ts'
export { readLargeAnswer } from './large-answer.ts'
export { LARGE_MEMBER_BYTES } from './hollow.ts'
export { membersIn, saysTwice } from './repeated-members.ts'
export { membersSaid, ownersIn, rawMember, rawMembers, withMember, withoutMembers } from './raw-members.ts'
export { writable } from './writable.ts'
