import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { ApiKeySettings, AuthSettings, JwtIssuerSettings } from '../../src/shared/settings.ts'
import { DEFAULTS } from '../defaults.ts'
import { didYouMean } from '../check/did-you-mean.ts'
import type { ApiKeyEntry, JwtIssuerEntry } from '../schema/auth.ts'
import type { Lookup } from '../secret-lookup.ts'
import { checkIssuer, checkSharedTenants } from './issuer-checks.ts'
import type { Located, MergedConfig } from './merge.ts'
import { checkKeyHash } from './weak-secrets.ts'

/** What credentials are read against. */
export interface AuthContext {
  readonly mode: 'development' | 'production'
  readonly lookup: Lookup
  readonly report: Report
  /** Already held to the schema. */
  readonly oauth: AuthSettings['oauth'] | undefined
  /** `undefined`: the file names no tenants, so every name exists. */
  readonly tenants: ReadonlySet<string> | undefined
}

/** Keys and issuers with their defaults; secrets come from the environment here and nowhere else. */
export function buildAuth (config: MergedConfig, context: AuthContext): AuthSettings {
  const issuers = config.jwt.map((found) => ({ place: found.place, value: buildIssuer(found, context) }))
  checkSharedTenants(config.jwt, context.report)
  refuseRepeated(config.apiKeys.map(({ value, place }) => ({ value: value.id, place: within(place, 'id') })), 'key id', context.report)
  refuseRepeated(config.apiKeys.map(({ value, place }) => ({ value: value.sha256.toLowerCase(), place: within(place, 'sha256') })), 'key', context.report)
  refuseRepeated(config.jwt.map(({ value, place }) => ({ value: value.issuer, place: within(place, 'issuer') })), 'issuer', context.report)
  const oauth = context.oauth
  return {
    apiKeys: config.apiKeys.map((found) => buildKey(found, context)),
    jwt: issuers.map(({ value }) => value),
    ...(oauth === undefined ? {} : { oauth: { resource: oauth.resource, authorizationServers: oauth.authorizationServers } })
  }
}

function buildKey ({ value, place }: Located<ApiKeyEntry>, context: AuthContext): ApiKeySettings {
  checkTenant(value.tenant, within(place, 'tenant'), context)
  checkScopes(value.scopes, within(place, 'scopes'), context.report)
  checkKeyHash(value.sha256, within(place, 'sha256'), context.report)
  return {
    id: value.id,
    sha256: value.sha256.toLowerCase(),
    tenant: brandAs<TenantId>(value.tenant),
    user: value.user,
    ...(value.scopes === undefined ? {} : { scopes: value.scopes }),
    ...(value.callsPerMinute === undefined ? {} : { callsPerMinute: value.callsPerMinute })
  }
}

function buildIssuer (found: Located<JwtIssuerEntry>, context: AuthContext): JwtIssuerSettings {
  const { value, place } = found
  const secret = value.secretEnv === undefined ? undefined : readSecret(value.secretEnv, within(place, 'secretEnv'), context)
  checkIssuer(found, secret, context)
  if (value.tenant !== undefined) checkTenant(value.tenant, within(place, 'tenant'), context)
  value.tenants?.forEach((tenant, index) => checkTenant(tenant, within(place, 'tenants', index), context))
  return {
    issuer: value.issuer,
    audience: typeof value.audience === 'string' ? [value.audience] : value.audience,
    algorithms: value.algorithms ?? (value.jwksUri === undefined ? DEFAULTS.secretAlgorithms : DEFAULTS.jwksAlgorithms),
    ...(value.jwksUri === undefined ? {} : { jwksUri: value.jwksUri }),
    ...(secret === undefined ? {} : { secret }),
    ...(value.tenant === undefined ? {} : { tenant: brandAs<TenantId>(value.tenant) }),
    ...(value.tenants === undefined ? {} : { tenants: value.tenants.map((tenant) => brandAs<TenantId>(tenant)) }),
    tenantClaim: value.tenantClaim ?? DEFAULTS.jwt.tenantClaim,
    userClaim: value.userClaim ?? DEFAULTS.jwt.userClaim,
    scopeClaim: value.scopeClaim ?? DEFAULTS.jwt.scopeClaim,
    userPrefix: value.userPrefix ?? DEFAULTS.jwt.userPrefix
  }
}

function readSecret (name: string, place: Place, { lookup, report }: AuthContext): string | undefined {
  const found = lookup(name)
  if (!found.ok) report.fault(place, found.error)
  else if (found.value === undefined) report.fault(place, `expected the environment variable ${name} (or ${name}_FILE) to hold the secret, but neither is set`)
  return found.ok ? found.value : undefined
}

/** A credential of a tenant that does not exist is refused on every request; the operator should learn it here. */
function checkTenant (tenant: string, place: Place, { tenants, report }: AuthContext): void {
  if (tenants === undefined || tenants.has(tenant)) return
  report.fault(place, `expected one of the tenants of this configuration, but there is no ${JSON.stringify(tenant)}${didYouMean(tenant, tenants)}`)
}

function checkScopes (scopes: readonly string[] | undefined, place: Place, report: Report): void {
  scopes?.forEach((scope, index) => {
    if (!/^(?:\*|tools:read|tools:call(?::.+)?|resources:read|prompts:read)$/.test(scope)) report.warn(within(place, index), 'is a scope that grants nothing; known are tools:read, tools:call[:<pattern>], resources:read, prompts:read and *')
  })
}

function refuseRepeated (values: readonly Located<string>[], what: string, report: Report): void {
  const seen = new Set<string>()
  for (const { value, place } of values) {
    if (seen.has(value)) report.fault(place, `expected each ${what} once, but another entry has the same`)
    seen.add(value)
  }
}
