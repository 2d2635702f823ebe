import type { ServerName, TenantId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { ServerSettings, Settings } from '../shared/settings.ts'
import { createDecisionMemo } from './decision-memo.ts'
import type { Decision, DecisionMemo } from './decision-memo.ts'
import type { NameMatcher } from './pattern.ts'
import { compileRules } from './rules.ts'
import { LIST_SCOPES, readScopes, USE_SCOPES } from './scopes.ts'
import type { ScopeGrants } from './scopes.ts'
import type { FeatureKind, Policy, PolicyRefusal } from './types.ts'

type ServerRules = Readonly<Record<FeatureKind, NameMatcher>>

/** What every principal of one tenant shares. */
interface TenantView {
  readonly servers: readonly ServerName[]
  readonly rules: ReadonlyMap<ServerName, ServerRules>
  /** Over `<server>__<tool>`. */
  readonly toolRule: NameMatcher
}

interface PrincipalView extends TenantView {
  readonly scopes: ScopeGrants
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
const NO_SUCH_SERVER: Decision = { visible: false, refusal: NO_SERVER }
const NO_TENANT: TenantView = { servers: Object.freeze([]), rules: new Map(), toolRule: () => false }

/**
 * Compiles the rules of one configuration snapshot; make a new policy for a new snapshot. Decisions are remembered per
 * {@link Principal} object and live as long as it does.
 */
export function createPolicy (settings: Pick<Settings, 'servers' | 'tenants'>): Policy {
  const tenantView = createTenantViews(settings)
  const views = new WeakMap<Principal, PrincipalView>()

  function viewOf (principal: Principal): PrincipalView {
    let view = views.get(principal)
    if (view === undefined) {
      view = { ...tenantView(principal.tenant), scopes: readScopes(principal.scopes), memo: createDecisionMemo() }
      views.set(principal, view)
    }
    return view
  }

  function decisionFor (principal: Principal, server: ServerName, kind: FeatureKind, name: string): Decision {
    const view = viewOf(principal)
    const known = view.memo.get(server, kind, name)
    if (known !== undefined) return known
    const rules = view.rules.get(server)
    // Not remembered: names of servers are the caller's to invent, and this answer is cheap.
    if (rules === undefined) return NO_SUCH_SERVER
    const decision = decide(view, rules, server, kind, name)
    view.memo.set(server, kind, name, decision)
    return decision
  }

  return {
    tenantKnown: (principal) => settings.tenants === undefined || settings.tenants.has(principal.tenant),
    servers: (principal) => viewOf(principal).servers,
    mayUseServer: (principal, server) => viewOf(principal).rules.has(server),
    missingListScope: (principal, kind) => viewOf(principal).scopes.list[kind] ? undefined : LIST_SCOPES[kind],
    visible: (principal, server, kind, name) => decisionFor(principal, server, kind, name).visible,
    refusal: (principal, server, kind, name) => decisionFor(principal, server, kind, name).refusal
  }
}

/** Scope before visibility (rulings 2): out of scope, a hidden name and an unknown one get the same 403. */
function decide (view: PrincipalView, rules: ServerRules, server: ServerName, kind: FeatureKind, name: string): Decision {
  const qualified = `${server}__${name}`
  const visible = rules[kind](name) && (kind !== 'tool' || view.toolRule(qualified))
  if (!view.scopes.use[kind](qualified)) return { visible, refusal: OUT_OF_SCOPE[kind] }
  return { visible, refusal: visible ? undefined : HIDDEN[kind] }
}

function createTenantViews ({ servers, tenants }: Pick<Settings, 'servers' | 'tenants'>): (tenant: TenantId) => TenantView {
  const rules = new Map([...servers].map(([name, entry]) => [name, compileServer(entry)]))
  const everything: TenantView = { servers: Object.freeze([...servers.keys()]), rules, toolRule: () => true }
  if (tenants === undefined) return () => everything
  const views = new Map<TenantId, TenantView>()
  for (const [id, tenant] of tenants) {
    const allowed = new Set(tenant.servers ?? servers.keys())
    const usable = [...rules].filter(([name]) => allowed.has(name))
    views.set(id, {
      servers: Object.freeze(usable.map(([name]) => name)),
      rules: new Map(usable),
      toolRule: compileRules(tenant.tools)
    })
  }
  return (tenant) => views.get(tenant) ?? NO_TENANT
}

function compileServer (entry: ServerSettings): ServerRules {
  return { tool: compileRules(entry.tools), prompt: compileRules(entry.prompts), resource: compileRules(entry.resources) }
}
