import type { TenantId, UserId } from './ids.ts'

/**
 * Who is calling, from a verified credential and nothing else (T04: there is no empty or anonymous form). The same
 * object is handed out for every request of one cached verdict, so rooms may use it as a WeakMap key.
 */
export interface Principal {
  /** `apikey` or the token's `iss`. */
  readonly issuer: string
  readonly tenant: TenantId
  readonly user: UserId
  /** OAuth client (`client_id` or `azp`), or the key's id. */
  readonly clientId: string
  /** The key's id or the token's `jti`, for audit; never secret. */
  readonly credentialId: string
  /** Absent = all; `[]` = none (rulings 2). */
  readonly scopes?: readonly string[]
  /** Names of roles, as the token or the key's entry says. Absent = whatever the tenant may; `[]` = nothing. */
  readonly roles?: readonly string[]
  /** Own rate limit of an API key. */
  readonly callsPerMinute?: number
  /** Wall-clock end of validity, skew included. Absent for API keys. */
  readonly expiresAtMs?: number
  /** Wall-clock time at which the gateway issued the token itself: revoking a user ends those from before. Absent for all others. */
  readonly issuedAtMs?: number
  /** (issuer, tenant, user, clientId) joined unambiguously: sessions compare it, nothing parses it. */
  readonly ownerKey: string
  /** (tenant, user) joined unambiguously: the identity for limits and workers (rulings 2). */
  readonly userKey: string
}
