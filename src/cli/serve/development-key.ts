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
}

/**
 * Adds a key to settings that have no credential at all, so that the first call needs no set-up. Only in development mode
 * and only where nobody but this machine can connect; everywhere else the settings stay as they are.
 */
export function withDevelopmentKey (settings: Settings): { readonly settings: Settings, readonly development?: DevelopmentKey } {
  if (hasCredentials(settings.auth) || settings.mode !== 'development' || !isLoopback(settings.listen.host)) return { settings }
  const tenant = settings.tenants === undefined ? 'dev' : settings.tenants.keys().next().value
  if (tenant === undefined) return { settings }
  const { key, sha256 } = createKey('dev')
  const apiKey = { id: 'dev', sha256, tenant: brandAs<TenantId>(tenant), user: 'you' }
  return {
    settings: deepFreeze({ ...settings, auth: { ...settings.auth, apiKeys: [apiKey] } }),
    development: { key, tenant, user: 'you' }
  }
}
