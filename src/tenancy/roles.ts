import type { ServerName } from '../shared/ids.ts'
import type { RoleSettings } from '../shared/settings/access.ts'
import { compileAccess } from './access.ts'
import type { Access } from './access.ts'
import { compileArgumentRules } from './argument-rules.ts'
import type { CompiledRule } from './argument-rules.ts'
import { readScopes } from './scopes.ts'
import type { ScopeGrants } from './scopes.ts'
import type { FeatureKind } from './types.ts'

/** One role, compiled. */
export interface Role extends Access {
  readonly scopes: ScopeGrants
  readonly rules: readonly CompiledRule[]
}

/** Compiles roles by name. */
export function compileRoles (roles: ReadonlyMap<string, RoleSettings> | undefined): ReadonlyMap<string, Role> {
  return new Map([...roles ?? []].map(([name, role]) => [name, { ...compileAccess(role), scopes: readScopes(role.scopes), rules: compileArgumentRules(role.rules) }]))
}

/** May somebody with these roles use the server at all? */
export function rolesOpenServer (roles: readonly Role[], server: ServerName): boolean {
  return roles.some(({ servers }) => servers === undefined || servers.has(server))
}

/** Does one role show the name, and does none deny it? A role that does not have the server says nothing about it but its denials. */
export function rolesShow (roles: readonly Role[], server: ServerName, kind: FeatureKind, qualified: string): boolean {
  return roles.some((role) => shows(role, server, kind, qualified)) && !roles.some((role) => role.denies[kind](qualified))
}

/** Roles that show the name and whose scopes let it be used. */
export function rolesThatOpen (roles: readonly Role[], server: ServerName, kind: FeatureKind, qualified: string): readonly Role[] {
  return roles.filter((role) => shows(role, server, kind, qualified) && role.scopes.use[kind](qualified))
}

function shows ({ servers, allows }: Role, server: ServerName, kind: FeatureKind, qualified: string): boolean {
  return (servers === undefined || servers.has(server)) && allows[kind](qualified)
}
