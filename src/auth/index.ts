/**
 * Auth: the one credential of a request, verified, as a Principal.
 *
 * Owns API keys, JWTs of outside issuers, their key sets, introspection, tokens of the gateway's own, what was revoked, the cache
 * of verdicts, the names of the gateway's endpoints, and the challenge of a 401 or 403.
 * Must never let a request through with a principal it did not verify, read identity from anything but the credential
 * (T26), keep or log a raw token, or follow a URL that a token names. Called by plugins on every request, before the
 * body is read; answers in the same turn for API keys and for tokens whose verdict is known.
 *
 * Binding: RFC 6750, 7515, 7517, 7519, 7662, 8414, 8707, 8725, 9068, 9728; MCP 2025-11-25 and 2026-07-28 authorization; rulings 2;
 * T04, T06-T13, T15, T16, T25, T27, T47; reliability C (revocations).
 *
 * What happens to a token of an issuer with a key set:
 * | key set                     | known key id                  | unknown key id                                  |
 * | up to 5 min old             | verified                      | one fetch, none within 30 s of a good one, then 401 |
 * | 5 to 10 min                 | verified; fetch in background | as above                                        |
 * | over 10 min, issuer answers | waits for the new set         | waits for the new set                           |
 * | over 10 min, issuer down    | verified, for one hour more   | 401                                             |
 * | none, or older              | 503                           | 503                                             |
 * Failed fetches pause 1, 2, 4 … 60 s, each issuer for itself; there is one fetch at a time, 5 s long at most.
 *
 * An opaque token is asked about for 30 s at most, of one server and no other; while that cannot be asked, 503. Own tokens and API
 * keys that were revoked are refused at once here and within 5 s elsewhere; while nobody can tell what was revoked, 503.
 *
 * Fails by returning refusals from a closed set of reasons (the metric label); throws only for impossible settings.
 */
export { createAuthenticator } from './authenticator.ts'
export type { AuthenticatorParts } from './authenticator.ts'
export { API_KEY_ISSUER } from './make-principal.ts'
export { challenge } from './challenge.ts'
export type { ChallengedRefusal } from './challenge.ts'
export { MAX_CREDENTIAL_BYTES } from './credential.ts'
export { createEndpoints } from './endpoints.ts'
export type { Endpoints } from './endpoints.ts'
export type { FetchJwks } from './jwks/fetch-jwks.ts'
export { MAX_TOKEN_S } from './own/mint.ts'
export type { MintedToken, TokenMint, TokenRequest } from './own/mint.ts'
export { createOwnTokens } from './own/own-tokens.ts'
export type { OwnTokens, TokenEngine } from './own/own-tokens.ts'
export { tokenKeysFor } from './own/token-keys.ts'
export { createRevocationFile } from './revocation/file-store.ts'
export type { RevocationStore } from './revocation/revocation-store.ts'
export { readRevocation, revocationText } from './revocation/revocation.ts'
export type { Revocation, Revoked } from './revocation/revocation.ts'
export { createRevocations } from './revocation/revocations.ts'
export type { Revocations } from './revocation/revocations.ts'
export type { AuthEvents, Authenticator, AuthRefusal, AuthRefusalReason, KeySetState } from './types.ts'
