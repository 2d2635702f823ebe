import { brandAs } from '../../src/shared/ids.ts'
import type { ServerName, TenantId } from '../../src/shared/ids.ts'
import type { Settings } from '../../src/shared/settings.ts'
import type { HttpSettings } from '../../src/shared/settings/http.ts'
import { makeApiKey } from '../helpers/api-keys.ts'
import type { TestKey } from '../helpers/api-keys.ts'
import { serverSettings } from '../helpers/server-settings.ts'

export interface SettingsChange {
  readonly http?: Partial<HttpSettings>
  readonly limits?: Partial<Settings['limits']>
  readonly auth?: Partial<Settings['auth']>
  readonly tenants?: Settings['tenants']
  readonly management?: Settings['management']
}

/** A settings snapshot with one server that is never started, and the key of user alice of tenant acme. */
export function edgeSettings (change: SettingsChange = {}): { settings: Settings, key: TestKey } {
  const key = makeApiKey({ tenant: 'acme', user: 'alice' })
  const { id, sha256 } = key.entry as { id: string, sha256: string }
  const settings: Settings = {
    revision: 1,
    mode: 'development',
    listen: { host: '127.0.0.1', port: 0 },
    management: change.management ?? { host: '127.0.0.1', port: 0 },
    http: {
      publicUrl: 'http://gateway.test',
      allowedHosts: ['gateway.test', 'localhost', '127.0.0.1', '[::1]'],
      allowedOrigins: [],
      trustedProxies: [],
      maxBodyBytes: 65_536,
      ...change.http
    },
    servers: new Map([[brandAs<ServerName>('notes'), serverSettings({ name: 'notes' })]]),
    ...(change.tenants === undefined ? {} : { tenants: change.tenants }),
    auth: { apiKeys: [{ id, sha256, tenant: brandAs<TenantId>('acme'), user: 'alice' }], jwt: [], ...change.auth },
    limits: { callsPerMinute: 100, requestsPerMinute: 600, initializePerMinute: 120, concurrentCalls: 32, ipRequestsPerMinute: 600, ...change.limits },
    sessions: { idleMs: 1_800_000, maxPerUser: 100 },
    pool: { maxWorkers: 200, maxWorkersPerTenant: 100, maxWorkersPerUser: 20, maxStarting: 4 },
    drainMs: 1000,
    processes: 1,
    stateDir: '/nonexistent/drawbridge-edge-tests',
    logLevel: 'info',
    warnings: []
  }
  return { settings, key }
}
