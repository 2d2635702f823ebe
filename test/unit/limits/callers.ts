import type { Clock } from '../../../src/shared/clock.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName, TenantId, UserId } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { LimitSettings } from '../../../src/shared/settings/limits.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import type { TenantSettings } from '../../../src/shared/settings/tenant.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

export const fs = brandAs<ServerName>('fs')

/** A clock that stands still until it is told to move. */
export interface TestClock extends Clock { advance (ms: number): void }

export function testClock (startMs = 1_000_000): TestClock {
  let nowMs = startMs
  return {
    nowMs: () => nowMs,
    wallMs: () => 1_763_800_000_000 + nowMs,
    advance (ms) { nowMs += ms }
  }
}

/** A user's principal; `key` makes it one of an API key with its own limit. */
export function caller (user: string, { tenant = 'acme', key }: { tenant?: string, key?: { id: string, callsPerMinute: number } } = {}): Principal {
  const clientId = key?.id ?? 'web'
  return {
    issuer: key === undefined ? 'https://idp.example' : 'apikey',
    tenant: brandAs<TenantId>(tenant),
    user: brandAs<UserId>(user),
    clientId,
    credentialId: clientId,
    ...(key === undefined ? {} : { callsPerMinute: key.callsPerMinute }),
    ownerKey: JSON.stringify([tenant, user, clientId]),
    userKey: JSON.stringify([tenant, user])
  }
}

export function limits (settings: Partial<LimitSettings> = {}): LimitSettings {
  return { callsPerMinute: 100, requestsPerMinute: 600, initializePerMinute: 120, concurrentCalls: 32, ipRequestsPerMinute: 600, ...settings }
}

/** The tenant acme with these limits. */
export function acme (own: TenantSettings['limits']): ReadonlyMap<TenantId, TenantSettings> {
  return tenantsWith({ acme: own })
}

/** Tenants with these limits. */
export function tenantsWith (own: Readonly<Record<string, TenantSettings['limits']>>): ReadonlyMap<TenantId, TenantSettings> {
  return new Map(Object.entries(own).map(([name, limits]) => [brandAs<TenantId>(name), { tools: { deny: [] }, limits }]))
}

/** One server, fs, with limits of its tools and of its calls in flight. */
export function tools (callsPerMinute: Readonly<Record<string, number>> = {}, concurrentCalls?: number): ReadonlyMap<ServerName, ServerSettings> {
  return new Map([[fs, serverSettings({ name: 'fs', tools: { deny: [], timeoutMs: {}, callsPerMinute }, ...(concurrentCalls === undefined ? {} : { concurrentCalls }) })]])
}
