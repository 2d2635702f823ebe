import { within } from '../fault.ts'
import type { Report } from '../fault.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { TenantSettings } from '../../src/shared/settings/tenant.ts'
import { IDENTITY, IDENTITY_WORDS } from '../schema/names.ts'
import type { TenantEntry } from '../schema/gateway-file.ts'
import { buildAccess } from './access-settings.ts'
import type { KnownServers } from './access-settings.ts'
import { frozenMap } from './freeze.ts'
import type { Named } from './merge.ts'
import { buildRoles } from './role-settings.ts'

/** Tenants with their servers by effective name; `undefined` when the file names no tenants at all. */
export function buildTenants (tenants: readonly Named<TenantEntry>[] | undefined, known: KnownServers, report: Report): ReadonlyMap<TenantId, TenantSettings> | undefined {
  if (tenants === undefined) return undefined
  return frozenMap(tenants.map((tenant): [TenantId, TenantSettings] => [brandAs<TenantId>(tenant.name), buildTenant(tenant, known, report)]))
}

function buildTenant (tenant: Named<TenantEntry>, known: KnownServers, report: Report): TenantSettings {
  const { value: entry, place } = tenant
  if (!IDENTITY.test(tenant.name)) report.fault(place, `expected ${IDENTITY_WORDS}`)
  const roles = buildRoles(entry.roles, within(place, 'roles'), known, report)
  return { ...buildAccess(entry, place, known, report), ...(roles === undefined ? {} : { roles }), limits: entry.limits ?? {} }
}
