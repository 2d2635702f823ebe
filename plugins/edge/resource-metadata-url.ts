import type { Settings } from '../../src/shared/settings.ts'

/** RFC 9728 3. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where a client without a token learns which authorization server to ask; absent while no OAuth is configured. */
export function resourceMetadataUrl (settings: Settings): string | undefined {
  return settings.auth.oauth === undefined ? undefined : settings.http.publicUrl + WELL_KNOWN
}
