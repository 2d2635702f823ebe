import type { ErrorCode } from '../shared/errors.ts'
import type { Principal } from '../shared/principal.ts'
import type { Result } from '../shared/result.ts'
import type { TokenMint } from './own/mint.ts'
import type { Revoked } from './revocation/revocation.ts'

/** Closed set: the metric label `reason` of refused credentials. */
export type AuthRefusalReason =
  | 'missing' | 'ambiguous' | 'in_query' | 'scheme' | 'too_large' | 'malformed'
  | 'unknown_key' | 'wrong_secret'
  | 'unknown_issuer' | 'algorithm' | 'signature' | 'unknown_kid' | 'audience' | 'expired' | 'not_yet_valid' | 'claims'
  | 'sender_constrained' | 'inactive' | 'revoked' | 'tenant'
  | 'jwks_unavailable' | 'introspection_unavailable' | 'revocations_unknown'

export interface AuthRefusal {
  /** GW_AUTH_REQUIRED, GW_AUTH_INVALID, GW_AUTH_AMBIGUOUS, GW_AUTH_UNAVAILABLE or GW_AUTH_TENANT. */
  readonly code: Extract<ErrorCode, `GW_AUTH_${string}`>
  readonly reason: AuthRefusalReason
}

export interface Authenticator {
  /**
   * Reads the one credential of a request and verifies it. Synchronous whenever the answer needs no I/O and no async
   * crypto (API keys, cached verdicts), because it is on the path of every call.
   * @param rawHeaders node's `req.rawHeaders`: name, value, name, value … (duplicates still visible, T27)
   * @param url the raw request target; a token in its query is refused
   */
  authenticate (rawHeaders: readonly string[], url: string): Result<Principal, AuthRefusal> | Promise<Result<Principal, AuthRefusal>>
  /** Is there at least one key or issuer whose verification material is at hand? Part of /ready. */
  ready (): boolean
  /** One row per issuer with a key set, for the gauge of stale keys (T08). */
  keySets (): readonly KeySetState[]
  /** Tokens that the gateway issues itself; undefined = it issues none. */
  readonly own: TokenMint | undefined
  /** What revoking the API key of this id means; undefined = there is no such key. */
  revocationOfKey (id: string): Revoked | undefined
  /** Was the credential of this principal revoked since it was verified? Whatever it holds open is to be ended. */
  isRevoked (principal: Principal): boolean
  /** Ends fetches in flight and starts no more. Idempotent. */
  close (): void
}

/** How fresh the verification keys of one issuer are. */
export interface KeySetState {
  readonly issuer: string
  /** Are keys at hand that may be used? */
  readonly usable: boolean
  /** Whole seconds by which the keys have outlived their maximum age, because no newer ones could be fetched; 0 = fresh. */
  readonly staleS: number
}

/** What the authenticator tells telemetry. Callbacks must not throw. */
export interface AuthEvents {
  /** A fetch of an issuer's key set ended. `reason` is for the log; a failure is retried with growing pauses. */
  jwksFetched (issuer: string, outcome: 'ok' | 'failed', reason?: string): void
  /** An authorization server was asked about a token. `reason` is for the log; no request waits for a server that failed a moment ago. */
  introspected? (issuer: string, outcome: 'ok' | 'failed', reason?: string): void
}
