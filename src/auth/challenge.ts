import type { AuthRefusal } from './types.ts'

/** A refusal as the challenge needs it; policy refusals of GW_AUTH_SCOPE fit too. */
export interface ChallengedRefusal {
  readonly code: AuthRefusal['code']
  /** All scopes that the operation needs; before it is known, those that a client may ask for. */
  readonly scopes?: readonly string[]
}

/**
 * The WWW-Authenticate value for a refusal, or `undefined` where none belongs (503, and a 403 that no other scope would
 * change). `error="invalid_token"` only if a token was sent (RFC 6750 3.1); scopes for a 403, and for a 401 those that a
 * client should ask for first (MCP 2025-11-25 authorization). Everything put between quotes is reduced to characters that
 * cannot end them.
 * @param resourceMetadataUrl absolute URL of the RFC 9728 document, if there is one
 */
export function challenge (refusal: ChallengedRefusal, resourceMetadataUrl?: string): string | undefined {
  const { scopes = [] } = refusal
  const parameters: string[] = []
  switch (refusal.code) {
    case 'GW_AUTH_REQUIRED':
      parameters.push(...scopeParameter(scopes))
      break
    case 'GW_AUTH_INVALID':
      parameters.push('error="invalid_token"', ...scopeParameter(scopes))
      break
    case 'GW_AUTH_AMBIGUOUS':
      parameters.push('error="invalid_request"')
      break
    case 'GW_AUTH_SCOPE':
      parameters.push('error="insufficient_scope"', ...scopeParameter(scopes))
      break
    case 'GW_AUTH_TENANT':
    case 'GW_AUTH_UNAVAILABLE':
      return undefined
  }
  if (resourceMetadataUrl !== undefined) parameters.push(`resource_metadata="${quotable(resourceMetadataUrl)}"`)
  return parameters.length === 0 ? 'Bearer' : `Bearer ${parameters.join(', ')}`
}

/** Only scope-tokens of RFC 6749 3.3: no quotes, backslashes, spaces or control characters. */
function scopeParameter (scopes: readonly string[]): readonly string[] {
  const sound = scopes.filter((scope) => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope))
  return sound.length === 0 ? [] : [`scope="${sound.join(' ')}"`]
}

/** Percent-encodes what may not stand in a quoted string or a header; a URL means the same after it. */
function quotable (url: string): string {
  return url.replace(/[^\x21\x23-\x5B\x5D-\x7E]/gu, (character) => encodeURIComponent(character.toWellFormed()))
}
