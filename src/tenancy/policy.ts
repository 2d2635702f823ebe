import type { ServerName, TenantId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Settings } from '../shared/settings.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { compileAccess, FULL_ACCESS, qualifiedName } from './access.ts'
import type { Access } from './access.ts'
import { compileArgumentRules, conditionsOf } from './argument-rules.ts'
import type { CompiledRule } from './argument-rules.ts'
import { createDecisionMemo } from './decision-memo.ts'
import type { DecisionMemo } from './decision-memo.ts'
import type { NameMatcher } from './pattern.ts'
import { compileRoles, rolesOpenServer, rolesShow, rolesThatOpen } from './roles.ts'
import type { Role } from './roles.ts'
import { compileRules } from './rules.ts'
import { LIST_SCOPES, readScopes, USE_SCOPES } from './scopes.ts'
import type { ScopeGrants } from './scopes.ts'
import type { Decision, FeatureKind, Policy, PolicyRefusal } from './types.ts'

/** What the policy is made of. */
export type PolicySettings = Pick<Settings, 'servers' | 'tenants' | 'roles'>

type ServerRules = Readonly<Record<FeatureKind, NameMatcher>>

/** What every principal of one tenant shares. */
interface TenantView {
  readonly access: Access
  readonly rules: readonly CompiledRule[]
  readonly roles: ReadonlyMap<string, Role>
}

interface PrincipalView {
  readonly tenant: TenantView
  readonly servers: ReadonlyMap<ServerName, ServerRules>
  readonly names: readonly ServerName[]
  readonly scopes: ScopeGrants
  /** `undefined` = roles do not matter. */
  readonly roles: readonly Role[] | undefined
  readonly memo: DecisionMemo
}

const NO_SERVER: PolicyRefusal = Object.freeze({ code: 'GW_ROUTE_SERVER' })
const HIDDEN: Readonly<Record<FeatureKind, PolicyRefusal>> = {
  tool: Object.freeze({ code: 'GW_ROUTE_TOOL' }),
  prompt: Object.freeze({ code: 'GW_ROUTE_PROMPT' }),
  resource: Object.freeze({ code: 'GW_ROUTE_RESOURCE' })
}
const OUT_OF_SCOPE: Readonly<Record<FeatureKind, PolicyRefusal>> = {
  tool: Object.freeze({ code: 'GW_AUTH_SCOPE', scopes: USE_SCOPES.tool }),
  prompt: Object.freeze({ code: 'GW_AUTH_SCOPE', scopes: USE_SCOPES.prompt }),
  resource: Object.freeze({ code: 'GW_AUTH_SCOPE', scopes: USE_SCOPES.resource })
}
const NO_SUCH_SERVER: Decision = { visible: false, refusal: NO_SERVER, conditions: undefined }
const NO_TENANT: TenantView = { access: compileAccess({ servers: [], tools: { allow: [], deny: [] } }), rules: [], roles: new Map() }

/**
 * Compiles the rules of one configuration snapshot; make a new policy for a new snapshot. Decisions are remembered per
 * {@link Principal} object and live as long as it does.
 */
export function createPolicy (settings: PolicySettings): Policy {
  const servers = new Map([...settings.servers].map(([name, entry]) => [name, compileServer(entry)]))
  const tenantView = createTenantViews(settings)
  const views = new WeakMap<Principal, PrincipalView>()

  function viewOf (principal: Principal): PrincipalView {
    let view = views.get(principal)
    if (view === undefined) {
      view = createView(principal, tenantView(principal.tenant), servers)
      views.set(principal, view)
    }
    return view
  }

  function decision (principal: Principal, server: ServerName, kind: FeatureKind, name: string): Decision {
    const view = viewOf(principal)
    const known = view.memo.get(server, kind, name)
    if (known !== undefined) return known
    const rules = view.servers.get(server)
    // Not remembered: names of servers are the caller's to invent, and this answer is cheap.
    if (rules === undefined) return NO_SUCH_SERVER
    const made = decide(view, rules, server, kind, name)
    view.memo.set(server, kind, name, made)
    return made
  }

  return {
    tenantKnown: (principal) => settings.tenants === undefined || settings.tenants.has(principal.tenant),
    servers: (principal) => viewOf(principal).names,
    mayUseServer: (principal, server) => viewOf(principal).servers.has(server),
    missingListScope: (principal, kind) => mayList(viewOf(principal), kind) ? undefined : LIST_SCOPES[kind],
    decision,
    visible: (principal, server, kind, name) => decision(principal, server, kind, name).visible,
    refusal: (principal, server, kind, name) => decision(principal, server, kind, name).refusal
  }
}

function createView ({ roles, scopes }: Principal, tenant: TenantView, all: ReadonlyMap<ServerName, ServerRules>): PrincipalView {
  const own = roles?.map((name) => tenant.roles.get(name)).filter((role) => role !== undefined)
  const usable = [...all].filter(([name]) => tenant.access.servers?.has(name) !== false && (own === undefined || rolesOpenServer(own, name)))
  return {
    tenant,
    servers: new Map(usable),
    names: Object.freeze(usable.map(([name]) => name)),
    scopes: readScopes(scopes),
    roles: own,
    memo: createDecisionMemo()
  }
}

function mayList ({ scopes, roles }: PrincipalView, kind: FeatureKind): boolean {
  return scopes.list[kind] && (roles === undefined || roles.some((role) => role.scopes.list[kind]))
}

/** Scope before visibility (rulings 2): out of scope, a hidden name and an unknown one get the same 403. */
function decide (view: PrincipalView, rules: ServerRules, server: ServerName, kind: FeatureKind, name: string): Decision {
  const { tenant: { access }, roles, scopes } = view
  const qualified = qualifiedName(server, kind, name)
  const visible = rules[kind](name) && access.allows[kind](qualified) && !access.denies[kind](qualified) && (roles === undefined || rolesShow(roles, server, kind, qualified))
  const refused = (refusal: PolicyRefusal): Decision => ({ visible, refusal, conditions: undefined })
  const isInScope = scopes.use[kind](qualified) && (roles === undefined || roles.some((role) => role.scopes.use[kind](qualified)))
  if (!isInScope) return refused(OUT_OF_SCOPE[kind])
  if (!visible) return refused(HIDDEN[kind])
  const opening = roles === undefined ? undefined : rolesThatOpen(roles, server, kind, qualified)
  // One role shows it, and the scope is another's.
  if (opening?.length === 0) return refused(OUT_OF_SCOPE[kind])
  return { visible, refusal: undefined, conditions: kind === 'tool' ? conditionsFor(view, opening ?? [], qualified) : undefined }
}

function conditionsFor ({ tenant, roles = [] }: PrincipalView, opening: readonly Role[], tool: string): Decision['conditions'] {
  const others = roles.filter((role) => !opening.includes(role))
  return conditionsOf(tool, tenant.rules, opening.map(({ rules }) => rules), others.flatMap(({ rules }) => rules))
}

function createTenantViews ({ tenants, roles }: PolicySettings): (tenant: TenantId) => TenantView {
  const common = compileRoles(roles)
  const everything: TenantView = { access: FULL_ACCESS, rules: [], roles: common }
  if (tenants === undefined) return () => everything
  const views = new Map<TenantId, TenantView>()
  for (const [id, tenant] of tenants) {
    views.set(id, { access: compileAccess(tenant), rules: compileArgumentRules(tenant.rules), roles: new Map([...common, ...compileRoles(tenant.roles)]) })
  }
  return (tenant) => views.get(tenant) ?? NO_TENANT
}

function compileServer (entry: ServerSettings): ServerRules {
  return { tool: compileRules(entry.tools), prompt: compileRules(entry.prompts), resource: compileRules(entry.resources) }
}
