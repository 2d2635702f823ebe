import type { TenantId } from '../../shared/ids.ts'

/** Seconds of a token whose request names none. */
export const DEFAULT_TOKEN_S = 900
/** Longest life of a token, in seconds: revocations are remembered for as long (rulings 2). */
export const MAX_TOKEN_S = 3600

/** For whom a token is asked; checked by whoever asks. */
export interface TokenRequest {
  readonly tenant: TenantId
  readonly user: string
  /** Absent = all; `[]` = none (rulings 2). */
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  /** 1 to {@link MAX_TOKEN_S}; default {@link DEFAULT_TOKEN_S}. */
  readonly expiresInSeconds?: number
}

/** A token, and what its owner should know about it. */
export interface MintedToken {
  readonly token: string
  readonly expiresInSeconds: number
  /** For audit, and to revoke it. */
  readonly jti: string
}

/** Makes tokens of the gateway's own. */
export interface TokenMint {
  /** Their `iss`. */
  readonly issuer: string
  /** Rejects when there is no key to sign with. */
  mint (request: TokenRequest): Promise<MintedToken>
}
