import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { ApiKeySettings, AuthSettings, JwtIssuerSettings } from '../../src/shared/settings/auth.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ApiKeyEntry, JwtIssuerEntry } from '../schema/auth.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import { buildIntrospection, located } from './introspection-settings.ts'
import { checkIssuer, checkSharedTenants } from './issuer-checks.ts'
import { buildReach } from './issuer-reach.ts'
import type { Located, MergedConfig } from './merge.ts'
import { checkTenant, identityOf, readSecret } from './token-identity.ts'
import type { IdentityContext } from './token-identity.ts'
import { buildTokenKeys } from './token-keys.ts'
import { checkRoleNames } from './role-settings.ts'
import { checkScopes } from './scope-checks.ts'
import { checkKeyHash } from './weak-secrets.ts'

/** What credentials are read against. */
export interface AuthContext extends IdentityContext {
  /** `auth` of the main file, already held to the schema. */
  readonly main: GatewayFile['auth']
  readonly mainFile: string | undefined
  readonly publicUrl: string
  /** Names of roles that a key of the tenant may have. */
  rolesOf (tenant: string): ReadonlySet<string>
}

/** Keys and issuers with their defaults; secrets come from the environment here and nowhere else. */
export function buildAuth (config: MergedConfig, context: AuthContext): AuthSettings {
  const { main, report } = context
  const own: Place = { file: context.mainFile, path: ['auth'] }
  const asked = located(main?.introspection, within(own, 'introspection'))
  const issuers = [...config.jwt, ...asked]
  checkSharedTenants(issuers, report)
  checkOwnName(issuers, context)
  refuseRepeated(config.apiKeys.map(({ value, place }) => ({ value: value.id, place: within(place, 'id') })), 'key id', report)
  refuseRepeated(config.apiKeys.map(({ value, place }) => ({ value: value.sha256.toLowerCase(), place: within(place, 'sha256') })), 'key', report)
  refuseRepeated(issuers.map(({ value, place }) => ({ value: value.issuer, place: within(place, 'issuer') })), 'issuer', report)
  return {
    apiKeys: config.apiKeys.map((found) => buildKey(found, context)),
    jwt: config.jwt.map((found) => buildIssuer(found, context)),
    ...(asked.length === 0 ? {} : { introspection: buildIntrospection(asked, context) }),
    ...(main?.oauth === undefined ? {} : { oauth: { resource: main.oauth.resource, authorizationServers: main.oauth.authorizationServers } }),
    ...(main?.tokens === undefined ? {} : { tokens: { keys: buildTokenKeys(main.tokens.keys, within(own, 'tokens', 'keys'), context) } }),
    ...(main?.whenRevocationsUnknown === undefined ? {} : { whenRevocationsUnknown: main.whenRevocationsUnknown as 'deny' | 'allow' })
  }
}

function buildKey ({ value, place }: Located<ApiKeyEntry>, context: AuthContext): ApiKeySettings {
  checkTenant(value.tenant, within(place, 'tenant'), context)
  checkScopes(value.scopes, within(place, 'scopes'), context.report)
  checkRoleNames(value.roles, within(place, 'roles'), context.rolesOf(value.tenant), context.report)
  checkKeyHash(value.sha256, within(place, 'sha256'), context.report)
  return {
    id: value.id,
    sha256: value.sha256.toLowerCase(),
    tenant: brandAs<TenantId>(value.tenant),
    user: value.user,
    ...(value.scopes === undefined ? {} : { scopes: value.scopes }),
    ...(value.roles === undefined ? {} : { roles: value.roles }),
    ...(value.callsPerMinute === undefined ? {} : { callsPerMinute: value.callsPerMinute })
  }
}

function buildIssuer (found: Located<JwtIssuerEntry>, context: AuthContext): JwtIssuerSettings {
  const { value, place } = found
  const secret = value.secretEnv === undefined ? undefined : readSecret(value.secretEnv, within(place, 'secretEnv'), context)
  checkIssuer(found, secret, context)
  return {
    ...identityOf(value, place, context),
    algorithms: value.algorithms ?? (value.secretEnv === undefined ? DEFAULTS.jwksAlgorithms : DEFAULTS.secretAlgorithms),
    ...(value.jwksUri === undefined ? {} : { jwksUri: value.jwksUri }),
    ...(secret === undefined ? {} : { secret }),
    ...(value.atJwtOnly === true ? { atJwtOnly: true } : {}),
    ...buildReach(value, place, context)
  }
}

/** Tokens of the gateway's own name its public URL as their issuer; nobody else's may. */
function checkOwnName (issuers: ReadonlyArray<Located<{ readonly issuer: string }>>, { publicUrl, report }: AuthContext): void {
  for (const { value, place } of issuers) {
    if (value.issuer === publicUrl) report.fault(within(place, 'issuer'), 'expected another name than http.publicUrl, which is the issuer of the gateway\'s own tokens')
  }
}

function refuseRepeated (values: readonly Located<string>[], what: string, report: Report): void {
  const seen = new Set<string>()
  for (const { value, place } of values) {
    if (seen.has(value)) report.fault(place, `expected each ${what} once, but another entry has the same`)
    seen.add(value)
  }
}
