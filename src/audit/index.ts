/**
 * audit: records that nobody can change unseen.
 *
 * Owns: the chain of records, its signed heads and their key, the places where it is kept, what happens when those cannot take
 * more, and the verification of what was kept.
 * Must never: keep arguments or results, hold a call up longer than it says, write to anything but its own sinks.
 * Called by: plugins/compose-audit.ts, which hands the sink to all rooms; cli (`audit verify`).
 * Bound by: T58, T60, FR38, R18; RFC 8032 (Ed25519), FIPS 180-4 (SHA-256).
 * Fails: never towards who records. A sink that cannot be written to loses records and says how many (`drop`), or keeps calls waiting (`block`).
 * Metrics: audit_dropped_total, audit_sinks_failing, through its events.
 */
export { createAudit } from './create-audit.ts'
export type { Audit, AuditOptions } from './create-audit.ts'
export { FileOutput } from './file-output.ts'
export { readHeadKey } from './head-key.ts'
export type { HeadKey } from './head-key.ts'
export { StdoutOutput } from './stdout-output.ts'
export { StreamOutput } from './stream-output.ts'
export type { AuditEvents, AuditOutput, AuditStream, Before } from './types.ts'
export { Verification } from './verify.ts'
export type { AuditReport, VerifyOptions } from './verify.ts'
export type { Finding, LinePlace } from './verify-chain.ts'
export { readKnownKey } from './verify-heads.ts'
export type { KnownKey } from './verify-heads.ts'
