import type { AuthSettings } from '../shared/settings.ts'
import { API_KEY_PREFIX, createApiKeys } from './api-keys.ts'
import { readCredential } from './credential.ts'
import { refused } from './refused.ts'
import type { Authenticator } from './types.ts'

export function createAuthenticator (settings: AuthSettings): Authenticator {
  const apiKeys = createApiKeys(settings.apiKeys)
  return {
    authenticate (rawHeaders, url) {
      const read = readCredential(rawHeaders, url)
      if (!read.ok) return read
      const { text } = read.value
      return text.startsWith(API_KEY_PREFIX) ? apiKeys.verify(text) : refused('malformed')
    },
    ready: () => apiKeys.size > 0,
    close () {}
  }
}
