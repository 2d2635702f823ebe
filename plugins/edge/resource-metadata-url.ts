import type { Settings } from '../../src/shared/settings.ts'

/** RFC 9728 3: between the host and the path of the resource. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where a client without a token learns which authorization server to ask; absent while no OAuth is configured. */
export function resourceMetadataUrl ({ auth: { oauth } }: Settings): URL | undefined {
  if (oauth === undefined) return undefined
  const { origin, pathname } = new URL(oauth.resource)
  return new URL(origin + WELL_KNOWN + pathname.replace(/\/$/, ''))
}
