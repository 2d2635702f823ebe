import type { Clock } from '../shared/clock.ts'
import type { AuthSettings } from '../shared/settings/auth.ts'
import { API_KEY_PREFIX, createApiKeys } from './api-keys.ts'
import { createBearerTokens } from './bearer.ts'
import { readCredential } from './credential.ts'
import { createEndpoints } from './endpoints.ts'
import { createIntrospectors } from './introspection/introspectors.ts'
import { fetchJwks as fetchByHttp } from './jwks/fetch-jwks.ts'
import type { FetchJwks } from './jwks/fetch-jwks.ts'
import { createIssuers } from './jwt/issuers.ts'
import type { OwnTokens } from './own/own-tokens.ts'
import { API_KEY_ISSUER } from './make-principal.ts'
import { refused } from './refused.ts'
import type { Revocations } from './revocation/revocations.ts'
import type { AuthEvents, Authenticator } from './types.ts'

/** What {@link createAuthenticator} needs besides settings. */
export interface AuthenticatorParts {
  readonly clock: Clock
  /** Default: by the guarded way of src/net, as the issuer's entry allows; at most 256 KiB. */
  readonly fetchJwks?: FetchJwks
  readonly events?: AuthEvents
  /** Absent = the gateway issues no tokens itself. */
  readonly own?: OwnTokens
  /** Absent = nothing is ever revoked. Belongs to whoever made it. */
  readonly revocations?: Revocations
}

/**
 * Makes the authenticator of one snapshot of the settings, and begins to fetch the key sets of its issuers. A presented
 * credential is final: it is valid, or the request is refused; nothing falls back to a weaker identity (T04).
 * @throws GatewayError GW_CONFIG for settings that config/ must have refused
 */
export function createAuthenticator (settings: AuthSettings, { clock, fetchJwks = fetchByHttp, events, own, revocations }: AuthenticatorParts): Authenticator {
  const { jwt, introspection = [], oauth } = settings
  const endpoints = oauth === undefined ? undefined : createEndpoints(oauth.resource)
  const all = [...jwt, ...introspection]
  const apiKeys = createApiKeys(settings.apiKeys, revocations)
  const issuers = createIssuers(jwt, { clock, fetchJwks, events, endpoints, all })
  const introspectors = createIntrospectors(introspection, { clock, events, endpoints, all })
  const tokens = createBearerTokens({ clock, issuers, introspectors, own, endpoints })
  const endWatch = revocations?.onChange(tokens.lapse)
  const keySets = [...issuers.values()].map(({ keySet }) => keySet).filter((keySet) => keySet !== undefined)
  const needsNobody = apiKeys.size > 0 || issuers.size > keySets.length || introspectors.size > 0 || settings.tokens !== undefined
  return {
    authenticate (rawHeaders, url) {
      const read = readCredential(rawHeaders, url)
      if (!read.ok) return read
      const { header, text } = read.value
      if (text.startsWith(API_KEY_PREFIX)) return apiKeys.verify(text)
      return header === 'authorization' ? tokens.verify(text, url) : refused('malformed')
    },
    ready () {
      for (const keySet of keySets) keySet.nudge()
      return needsNobody || keySets.some((keySet) => keySet.state().usable)
    },
    keySets: () => keySets.map((keySet) => keySet.state()),
    own,
    revocationOfKey (id) {
      const sha256 = apiKeys.sha256Of(id)
      return sha256 === undefined ? undefined : { kind: 'key', sha256 }
    },
    isRevoked (principal) {
      if (revocations === undefined) return false
      if (principal.issuer === own?.issuer) return revocations.tokenIsRevoked(principal)
      const sha256 = principal.issuer === API_KEY_ISSUER ? apiKeys.sha256Of(principal.credentialId) : undefined
      return sha256 !== undefined && revocations.keyIsRevoked(sha256)
    },
    close () {
      for (const keySet of keySets) keySet.close()
      introspectors.close()
      apiKeys.close()
      endWatch?.()
    }
  }
}
