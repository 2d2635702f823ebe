import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName, TenantId, UserId } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { AccessSettings, PatternRules, RoleSettings } from '../../../src/shared/settings/access.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import type { TenantSettings } from '../../../src/shared/settings/tenant.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

export const name = (value: string): ServerName => brandAs<ServerName>(value)
export const tenantId = (value: string): TenantId => brandAs<TenantId>(value)

/** A principal that no cache shares: each call is a new object. */
export function principal (tenant: string, scopes?: readonly string[], roles?: readonly string[]): Principal {
  return {
    issuer: 'apikey',
    tenant: tenantId(tenant),
    user: brandAs<UserId>('alice'),
    clientId: 'k1',
    credentialId: 'k1',
    ...(scopes === undefined ? {} : { scopes }),
    ...(roles === undefined ? {} : { roles }),
    ownerKey: `apikey ${tenant} alice k1`,
    userKey: `${tenant} alice`
  }
}

type Rules = Partial<Record<'tools' | 'prompts' | 'resources', Partial<PatternRules>>>

const list = (rules: Partial<PatternRules> | undefined): PatternRules => ({ deny: [], ...rules })

/** One stdio entry with the given rules and defaults for the rest. */
export function server (serverName: string, rules: Rules = {}): [ServerName, ServerSettings] {
  return [name(serverName), serverSettings({
    name: serverName,
    tools: { ...list(rules.tools), timeoutMs: {}, callsPerMinute: {} },
    prompts: list(rules.prompts),
    resources: list(rules.resources)
  })]
}

/** A role, or what a tenant may, by what is not the default. */
export function access ({ tools, prompts, resources, servers, ...own }: Rules & { readonly servers?: readonly string[] } & Pick<RoleSettings, 'scopes' | 'rules'> = {}): RoleSettings & AccessSettings {
  return { tools: list(tools), prompts: list(prompts), resources: list(resources), ...(servers === undefined ? {} : { servers: servers.map(name) }), ...own }
}

/** One tenant; `servers` absent = all. */
export function tenant (id: string, tools: Partial<PatternRules> = {}, servers?: readonly string[]): [TenantId, TenantSettings] {
  return [tenantId(id), {
    ...(servers === undefined ? {} : { servers: servers.map(name) }),
    tools: list(tools),
    limits: {}
  }]
}
