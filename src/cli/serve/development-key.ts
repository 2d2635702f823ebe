import { deepFreeze, hasCredentials, isLoopback } from '../../../config/index.ts'
import { brandAs } from '../../shared/ids.ts'
import type { TenantId } from '../../shared/ids.ts'
import type { Settings } from '../../shared/settings.ts'
import { createKey } from '../create-key.ts'

/** A key that lives as long as the process. */
export interface DevelopmentKey {
  readonly key: string
  readonly tenant: string
  readonly user: string
  /** Lower-case hex, as the settings hold it. */
  readonly sha256: string
}

/**
 * Adds a key to settings that have no credential at all, so that the first call needs no set-up. Only in development mode
 * and only where nobody but this machine can connect; everywhere else the settings stay as they are.
 * @param before the one of the settings before, which a reload keeps
 */
export function withDevelopmentKey (settings: Settings, before?: DevelopmentKey): { readonly settings: Settings, readonly development?: DevelopmentKey } {
  if (hasCredentials(settings.auth) || settings.mode !== 'development' || !isLoopback(settings.listen.host)) return { settings }
  const tenant = settings.tenants === undefined ? 'dev' : settings.tenants.keys().next().value
  if (tenant === undefined) return { settings }
  const { key, sha256 } = before ?? createKey('dev')
  const apiKey = { id: 'dev', sha256, tenant: brandAs<TenantId>(tenant), user: 'you' }
  return {
    settings: deepFreeze({ ...settings, auth: { ...settings.auth, apiKeys: [apiKey] } }),
    development: { key, sha256, tenant, user: 'you' }
  }
}
