import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { count, flag, strings, text } from './terms.ts'
import { identityName, keyId, sha256Hex } from './names.ts'

/** Algorithms that need a public key (JWKS). RFC 7518 3.1, RFC 8037. */
export const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
/** Algorithms that need a shared secret. RFC 7518 3.2. */
export const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const

const scopes = strings('Scopes: tools:read, tools:call, tools:call:<pattern>, resources:read, prompts:read, `*`. Absent = all, `[]` = none.')

/** One API key, by its hash. */
export const apiKey = Type.Object({
  id: keyId,
  sha256: sha256Hex,
  tenant: identityName('Tenant of the key.'),
  user: identityName('User of the key.'),
  scopes,
  callsPerMinute: count('Calls a minute with this key, besides the user\'s own limit. Absent = no limit of its own.', undefined)
}, { additionalProperties: false, description: 'An API key. `drawbridge keys create` prints one with its entry.' })

/** One issuer of JWTs. */
export const jwtIssuer = Type.Object({
  issuer: Type.String({ description: 'Exact value of the `iss` claim.', minLength: 1, maxLength: 2048 }),
  audience: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
    description: 'Accepted values of the `aud` claim, compared exactly.',
    'x-expected': 'a string or a non-empty list of strings'
  }),
  jwksUri: text('Where the issuer publishes its keys. Exactly one of jwksUri and secretEnv.', { pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }),
  secretEnv: text('Name of the environment variable (or `<NAME>_FILE`) that holds the shared secret. Exactly one of jwksUri and secretEnv.', { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', 'x-expected': 'the name of an environment variable' }),
  algorithms: Type.Optional(Type.Array(Type.Enum([...ASYMMETRIC, ...SYMMETRIC]), {
    description: `Accepted algorithms. Default ${DEFAULTS.jwksAlgorithms.join(', ')} with jwksUri, ${DEFAULTS.secretAlgorithms.join()} with secretEnv.`,
    minItems: 1
  })),
  tenant: Type.Optional(identityName('Every token of this issuer belongs to this tenant. Not together with tenants.')),
  tenants: strings('Tenants that the tenant claim may name. Not together with tenant.'),
  tenantClaim: text('Claim that names the tenant.', { default: DEFAULTS.jwt.tenantClaim }),
  userClaim: text('Claim that names the user.', { default: DEFAULTS.jwt.userClaim }),
  scopeClaim: text('Claim that holds the scopes, as a list or separated by spaces.', { default: DEFAULTS.jwt.scopeClaim }),
  userPrefix: text('Put before the user name, so that two issuers of one tenant cannot name the same user. Tokens of other issuers of the tenant whose user name begins so are refused.', { default: DEFAULTS.jwt.userPrefix, minLength: 0, maxLength: 64 }),
  sharedUsers: flag('Equal user names of two issuers of one tenant mean the same person.', false)
}, { additionalProperties: false, description: 'An issuer of JWTs.' })

const oauth = Type.Optional(Type.Object({
  resource: Type.String({ description: 'Canonical URL of this gateway, as tokens name it (RFC 8707).', pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }),
  authorizationServers: Type.Array(Type.String({ pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }), { description: 'Issuers that clients may log in at (RFC 9728).', minItems: 1 })
}, { additionalProperties: false, description: 'Protected resource metadata for OAuth clients.' }))

/** `auth` of the file. */
export const auth = Type.Optional(Type.Object({
  apiKeys: Type.Optional(Type.Array(apiKey, { description: 'API keys, by their SHA-256.', default: [] })),
  jwt: Type.Optional(Type.Array(jwtIssuer, { description: 'Issuers of JWTs.', default: [] })),
  oauth
}, { additionalProperties: false, description: 'Who may call.' }))

/** An API key as it stands in a file. */
export type ApiKeyEntry = Static<typeof apiKey>
/** An issuer as it stands in a file. */
export type JwtIssuerEntry = Static<typeof jwtIssuer>
