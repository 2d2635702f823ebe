import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { RoleSettings } from '../../src/shared/settings/access.ts'
import { IDENTITY, IDENTITY_WORDS } from '../schema/names.ts'
import type { RoleEntry } from '../schema/access.ts'
import { didYouMean } from '../check/did-you-mean.ts'
import { buildAccess } from './access-settings.ts'
import type { KnownServers } from './access-settings.ts'
import { checkScopes } from './scope-checks.ts'
import { frozenMap } from './freeze.ts'

/** Roles by name; `undefined` when the file has none. */
export function buildRoles (roles: Readonly<Record<string, RoleEntry>> | undefined, place: Place, known: KnownServers, report: Report): ReadonlyMap<string, RoleSettings> | undefined {
  if (roles === undefined) return undefined
  return frozenMap(Object.entries(roles).map(([name, entry]): [string, RoleSettings] => {
    const at = within(place, name)
    // Claims may hold names separated by blanks.
    if (!IDENTITY.test(name) || name.includes(' ')) report.fault(at, `expected ${IDENTITY_WORDS} and blanks`)
    checkScopes(entry.scopes, within(at, 'scopes'), report)
    return [name, { ...buildAccess(entry, at, known, report), ...(entry.scopes === undefined ? {} : { scopes: entry.scopes }) }]
  }))
}

/** A role that does not exist opens nothing; the operator should learn it here. */
export function checkRoleNames (names: readonly string[] | undefined, place: Place, known: ReadonlySet<string>, report: Report): void {
  names?.forEach((name, index) => {
    if (known.has(name)) return
    report.fault(within(place, index), `expected one of the roles of this configuration, but there is no ${JSON.stringify(name)}${didYouMean(name, known)}`)
  })
}
