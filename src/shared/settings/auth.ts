import type { TenantId } from '../ids.ts'
import type { TlsSettings } from './tls.ts'

/** One API key; only its digest is known (rulings 2). */
export interface ApiKeySettings {
  readonly id: string
  /** Lower-case hex of SHA-256 over the key's whole text. */
  readonly sha256: string
  readonly tenant: TenantId
  readonly user: string
  /** Absent = all; `[]` = none. */
  readonly scopes?: readonly string[]
  /** Absent = whatever the tenant may; `[]` = nothing. */
  readonly roles?: readonly string[]
  readonly callsPerMinute?: number
}

/** Whom the tokens of one issuer name. */
export interface TokenIdentitySettings {
  readonly issuer: string
  readonly audience: readonly string[]
  /** Fixed tenant, or the list a tenantClaim must be in. */
  readonly tenant?: TenantId
  readonly tenants?: readonly TenantId[]
  readonly tenantClaim: string
  readonly userClaim: string
  readonly scopeClaim: string
  /** Absent = roles do not come with tokens. Given: a token without the claim has none. */
  readonly rolesClaim?: string
  readonly userPrefix: string
  /** May the issuer's addresses be private? Absent = only where a URL names a loopback address itself (T47). */
  readonly allowPrivateNetwork?: boolean
  readonly tls?: TlsSettings
}

/** An issuer of JWTs: how its signatures are verified. */
export interface JwtIssuerSettings extends TokenIdentitySettings {
  readonly algorithms: readonly string[]
  /** Not both. Neither = the keys are found through the metadata of `issuer`, which is its URL (RFC 8414, OpenID Connect Discovery). */
  readonly jwksUri?: string
  readonly secret?: string
  /** Only tokens whose header says `at+jwt` (RFC 9068). Absent = `JWT` and no type are taken too. */
  readonly atJwtOnly?: boolean
}

/** An authorization server that is asked about opaque tokens (RFC 7662). */
export interface IntrospectionSettings extends TokenIdentitySettings {
  readonly endpoint: string
  readonly clientId: string
  readonly clientSecret: string
  /** How its tokens begin; absent = it is asked about those that no other entry claims. */
  readonly tokenPrefix?: string
}

/** A key of the gateway's own tokens. */
export interface TokenKeySettings {
  readonly kid: string
  /** Ed25519, PKCS #8 in PEM. */
  readonly privateKey: string
}

/** Who is let in, and how that is shown (rulings 2). */
export interface AuthSettings {
  readonly apiKeys: readonly ApiKeySettings[]
  readonly jwt: readonly JwtIssuerSettings[]
  /** Absent = none. */
  readonly introspection?: readonly IntrospectionSettings[]
  readonly oauth?: { readonly resource: string, readonly authorizationServers: readonly string[] }
  /** Keys of tokens that the gateway issues itself; the first signs. Absent = derived from `Settings.secret`, else made in `stateDir` in development, else none. */
  readonly tokens?: { readonly keys: readonly TokenKeySettings[] }
  /** API keys and own tokens once Redis has been away for a minute. Absent = `deny`. */
  readonly whenRevocationsUnknown?: 'deny' | 'allow'
}
