import type { Clock } from '../shared/clock.ts'
import type { AuthSettings } from '../shared/settings.ts'
import { API_KEY_PREFIX, createApiKeys } from './api-keys.ts'
import { readCredential } from './credential.ts'
import { fetchJwks as fetchByHttp } from './jwks/fetch-jwks.ts'
import type { FetchJwks } from './jwks/fetch-jwks.ts'
import { createIssuers } from './jwt/issuers.ts'
import { createTokenVerifier } from './jwt/token-verifier.ts'
import { refused } from './refused.ts'
import type { AuthEvents, Authenticator } from './types.ts'

/** What {@link createAuthenticator} needs besides settings. */
export interface AuthenticatorParts {
  readonly clock: Clock
  /** Default: https, or http to loopback; no redirects; at most 256 KiB. */
  readonly fetchJwks?: FetchJwks
  readonly events?: AuthEvents
}

/**
 * Makes the authenticator of one snapshot of the settings, and begins to fetch the key sets of its issuers. A presented
 * credential is final: it is valid, or the request is refused; nothing falls back to a weaker identity (T04).
 * @throws GatewayError GW_CONFIG for settings that config/ must have refused
 */
export function createAuthenticator (settings: AuthSettings, { clock, fetchJwks = fetchByHttp, events }: AuthenticatorParts): Authenticator {
  const apiKeys = createApiKeys(settings.apiKeys)
  const issuers = createIssuers(settings.jwt, { clock, fetchJwks, events })
  const tokens = createTokenVerifier(issuers, clock)
  const keySets = [...issuers.values()].map(({ keySet }) => keySet).filter((keySet) => keySet !== undefined)
  const hasOwnKeys = apiKeys.size > 0 || issuers.size > keySets.length
  return {
    authenticate (rawHeaders, url) {
      const read = readCredential(rawHeaders, url)
      if (!read.ok) return read
      const { header, text } = read.value
      if (text.startsWith(API_KEY_PREFIX)) return apiKeys.verify(text)
      return header === 'authorization' ? tokens.verify(text) : refused('malformed')
    },
    ready () {
      for (const keySet of keySets) keySet.nudge()
      return hasOwnKeys || keySets.some((keySet) => keySet.state().usable)
    },
    keySets: () => keySets.map((keySet) => keySet.state()),
    close () {
      for (const keySet of keySets) keySet.close()
    }
  }
}
