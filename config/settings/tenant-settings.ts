import { within } from '../fault.ts'
import type { Report } from '../fault.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { ServerName, TenantId } from '../../src/shared/ids.ts'
import type { TenantSettings } from '../../src/shared/settings.ts'
import { IDENTITY, IDENTITY_WORDS } from '../schema/names.ts'
import type { TenantEntry } from '../schema/gateway-file.ts'
import { didYouMean } from '../check/did-you-mean.ts'
import { frozenMap } from './freeze.ts'
import type { Named } from './merge.ts'
import { rulesOf } from './server-settings.ts'

/** The servers of the configuration, by every name they may be called by. */
export interface KnownServers {
  readonly names: ReadonlyMap<string, ServerName>
  readonly disabled: readonly string[]
}

/** Tenants with their servers by effective name; `undefined` when the file names no tenants at all. */
export function buildTenants (tenants: readonly Named<TenantEntry>[] | undefined, known: KnownServers, report: Report): ReadonlyMap<TenantId, TenantSettings> | undefined {
  if (tenants === undefined) return undefined
  return frozenMap(tenants.map((tenant): [TenantId, TenantSettings] => [brandAs<TenantId>(tenant.name), buildTenant(tenant, known, report)]))
}

function buildTenant (tenant: Named<TenantEntry>, known: KnownServers, report: Report): TenantSettings {
  const { value: entry, place } = tenant
  if (!IDENTITY.test(tenant.name)) report.fault(place, `expected ${IDENTITY_WORDS}`)
  const servers = entry.servers?.flatMap((name, index) => {
    const found = serverNamed(name, known)
    if (found !== undefined) return [found]
    const at = within(place, 'servers', index)
    if (known.disabled.includes(name)) report.warn(at, `names the server ${JSON.stringify(name)}, which is disabled`)
    else report.fault(at, `expected the name of a server, but there is no ${JSON.stringify(name)}${didYouMean(name, known.names.keys())}`)
    return []
  })
  for (const list of ['allow', 'deny'] as const) {
    (entry.tools?.[list] ?? []).forEach((pattern, index) => {
      if (matchesNoServer(pattern, known)) report.warn(within(place, 'tools', list, index), 'matches no tool: expected a pattern over <server>__<tool> with the name of a server')
    })
  }
  return { ...(servers === undefined ? {} : { servers }), tools: rulesOf(entry.tools), limits: entry.limits ?? {} }
}

function serverNamed (name: string, known: KnownServers): ServerName | undefined {
  return known.names.get(name) ?? [...known.names.values()].find((each) => each === name)
}

/** A deny rule that can never match protects nobody; say so. */
function matchesNoServer (pattern: string, known: KnownServers): boolean {
  const star = pattern.indexOf('*')
  const cut = pattern.indexOf('__')
  const everyName = [...known.names.values(), ...known.disabled]
  if (star !== -1 && (cut === -1 || star < cut)) return !everyName.some((name) => `${name}__`.startsWith(pattern.slice(0, star)))
  return cut === -1 || !everyName.includes(pattern.slice(0, cut))
}
