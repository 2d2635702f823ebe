import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { tls } from './tls.ts'
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
  roles: strings('Roles of the key. Absent = whatever the tenant may, `[]` = nothing.'),
  callsPerMinute: count('Calls a minute with this key, besides the user\'s own limit. Absent = no limit of its own.', undefined)
}, { additionalProperties: false, description: 'An API key. `drawbridge keys create` prints one with its entry.' })

const VARIABLE = { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', 'x-expected': 'the name of an environment variable' }
const WEB_URL = { pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }

const audience = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
  description: 'Accepted values of the `aud` claim, compared exactly.',
  'x-expected': 'a string or a non-empty list of strings'
})

/** Whom a token of an issuer names; the same for tokens that are verified here and those that are asked about. */
const identity = {
  tenant: Type.Optional(identityName('Every token of this issuer belongs to this tenant. Not together with tenants.')),
  tenants: strings('Tenants that the tenant claim may name. Not together with tenant.'),
  tenantClaim: text('Claim that names the tenant.', { default: DEFAULTS.jwt.tenantClaim }),
  userClaim: text('Claim that names the user.', { default: DEFAULTS.jwt.userClaim }),
  scopeClaim: text('Claim that holds the scopes, as a list or separated by spaces.', { default: DEFAULTS.jwt.scopeClaim }),
  rolesClaim: text('Claim that holds the roles, as a list or separated by spaces. Absent = roles do not matter for these tokens; given, a token without the claim has no role, and may do nothing.'),
  userPrefix: text('Put before the user name, so that two issuers of one tenant cannot name the same user. Tokens of other issuers of the tenant whose user name begins so are refused.', { default: DEFAULTS.jwt.userPrefix, minLength: 0, maxLength: 64 }),
  sharedUsers: flag('Equal user names of two issuers of one tenant mean the same person.', false)
}

/** How the issuer's own addresses are reached. */
const reach = {
  allowPrivateNetwork: flag('The issuer may be at a private address, also by plain http. Not needed for a URL that names localhost, 127.0.0.1 or [::1] itself.', DEFAULTS.allowPrivateNetwork),
  tls
}

/** One issuer of JWTs. */
export const jwtIssuer = Type.Object({
  issuer: Type.String({ description: 'Exact value of the `iss` claim.', minLength: 1, maxLength: 2048 }),
  audience,
  jwksUri: text('Where the issuer publishes its keys. With neither jwksUri nor secretEnv they are found through the metadata of the issuer, whose name then has to be its URL (RFC 8414, OpenID Connect Discovery).', WEB_URL),
  secretEnv: text('Name of the environment variable (or `<NAME>_FILE`) that holds the shared secret. Not together with jwksUri.', VARIABLE),
  algorithms: Type.Optional(Type.Array(Type.Enum([...ASYMMETRIC, ...SYMMETRIC]), {
    description: `Accepted algorithms. Default ${DEFAULTS.jwksAlgorithms.join(', ')} with jwksUri, ${DEFAULTS.secretAlgorithms.join()} with secretEnv.`,
    minItems: 1
  })),
  atJwtOnly: flag('Only tokens whose header says `at+jwt` (RFC 9068). Otherwise `JWT` and none are taken too.', false),
  ...identity,
  ...reach
}, { additionalProperties: false, description: 'An issuer of JWTs.' })

/** One authorization server that is asked about tokens. */
export const introspection = Type.Object({
  issuer: Type.String({ description: 'Name of the authorization server; its answers may name no other `iss`.', minLength: 1, maxLength: 2048 }),
  endpoint: Type.String({ description: 'Its introspection endpoint.', ...WEB_URL }),
  clientId: Type.String({ description: 'What the gateway calls itself there.', minLength: 1, maxLength: 256 }),
  clientSecretEnv: Type.String({ description: 'Name of the environment variable (or `<NAME>_FILE`) that holds the secret of clientId.', ...VARIABLE }),
  audience,
  tokenPrefix: text('How the opaque tokens of this server begin. Needed when there are several, so that no server is shown the tokens of another.', { maxLength: 64, pattern: '^[A-Za-z0-9._~+/-]+$', 'x-expected': 'characters that a token can have' }),
  ...identity,
  ...reach
}, { additionalProperties: false, description: 'An authorization server that is asked whether a token holds (RFC 7662).' })

/** One key that the gateway signs tokens with. */
export const tokenKey = Type.Object({
  kid: Type.String({ description: 'Name of the key, in the header of each token.', pattern: '^[A-Za-z0-9_-]{1,64}$', 'x-expected': '1 to 64 letters, digits, - and _' }),
  privateKeyEnv: Type.String({ description: 'Name of the environment variable (or `<NAME>_FILE`) that holds the Ed25519 private key in PEM: openssl genpkey -algorithm ed25519.', ...VARIABLE })
}, { additionalProperties: false, description: 'A key for tokens of the gateway\'s own.' })

const tokens = Type.Optional(Type.Object({
  keys: Type.Array(tokenKey, { description: 'The first signs, both verify: so a key can be changed without refusing tokens. Absent: derived from DRAWBRIDGE_SECRET; without one made once in stateDir in development, and none in production.', minItems: 1, maxItems: 2 })
}, { additionalProperties: false, description: 'Tokens that the gateway issues to backends itself: POST /admin/tokens of the management listener.' }))

const oauth = Type.Optional(Type.Object({
  resource: Type.String({ description: 'Canonical URL of this gateway, as tokens name it (RFC 8707).', pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }),
  authorizationServers: Type.Array(Type.String({ pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }), { description: 'Issuers that clients may log in at (RFC 9728).', minItems: 1 })
}, { additionalProperties: false, description: 'Protected resource metadata for OAuth clients.' }))

/** `auth` of the file. */
export const auth = Type.Optional(Type.Object({
  apiKeys: Type.Optional(Type.Array(apiKey, { description: 'API keys, by their SHA-256.', default: [] })),
  jwt: Type.Optional(Type.Array(jwtIssuer, { description: 'Issuers of JWTs.', default: [] })),
  introspection: Type.Optional(Type.Array(introspection, { description: 'Authorization servers that are asked about opaque tokens.', default: [] })),
  tokens,
  whenRevocationsUnknown: Type.Optional(Type.Enum(['deny', 'allow'], { description: 'Replicas only: API keys and own tokens when Redis has been away for a minute, so that nobody knows whether they were revoked. deny = 503.', default: DEFAULTS.whenRevocationsUnknown })),
  oauth
}, { additionalProperties: false, description: 'Who may call.' }))

/** An API key as it stands in a file. */
export type ApiKeyEntry = Static<typeof apiKey>
/** An issuer as it stands in a file. */
export type JwtIssuerEntry = Static<typeof jwtIssuer>
/** An authorization server that is asked, as it stands in a file. */
export type IntrospectionEntry = Static<typeof introspection>
