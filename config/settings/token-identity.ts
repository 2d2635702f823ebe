import { within } from '../fault.ts'
import type { Place } from '../fault.ts'
import { brandAs } from '../../src/shared/ids.ts'
import type { TenantId } from '../../src/shared/ids.ts'
import type { TokenIdentitySettings } from '../../src/shared/settings/auth.ts'
import { didYouMean } from '../check/did-you-mean.ts'
import { DEFAULTS } from '../defaults.ts'
import type { IntrospectionEntry, JwtIssuerEntry } from '../schema/auth.ts'
import type { Lookup } from '../secret-lookup.ts'
import type { ReachContext } from './issuer-reach.ts'

/** What whoever tokens name is read against. */
export interface IdentityContext extends ReachContext {
  readonly lookup: Lookup
  /** `undefined`: the file names no tenants, so every name exists. */
  readonly tenants: ReadonlySet<string> | undefined
}

/** Whom the tokens of an entry name, with its defaults. */
export function identityOf (value: JwtIssuerEntry | IntrospectionEntry, place: Place, context: IdentityContext): Omit<TokenIdentitySettings, 'allowPrivateNetwork' | 'tls'> {
  if (value.tenant !== undefined) checkTenant(value.tenant, within(place, 'tenant'), context)
  value.tenants?.forEach((tenant, index) => checkTenant(tenant, within(place, 'tenants', index), context))
  if (value.tenant !== undefined && value.tenants !== undefined) context.report.fault(place, 'expected tenant or tenants, got both')
  if (value.tenants?.length === 0) context.report.warn(within(place, 'tenants'), 'is empty, so every token of this issuer is refused')
  return {
    issuer: value.issuer,
    audience: typeof value.audience === 'string' ? [value.audience] : value.audience,
    ...(value.tenant === undefined ? {} : { tenant: brandAs<TenantId>(value.tenant) }),
    ...(value.tenants === undefined ? {} : { tenants: value.tenants.map((tenant) => brandAs<TenantId>(tenant)) }),
    tenantClaim: value.tenantClaim ?? DEFAULTS.jwt.tenantClaim,
    userClaim: value.userClaim ?? DEFAULTS.jwt.userClaim,
    scopeClaim: value.scopeClaim ?? DEFAULTS.jwt.scopeClaim,
    ...(value.rolesClaim === undefined ? {} : { rolesClaim: value.rolesClaim }),
    userPrefix: value.userPrefix ?? DEFAULTS.jwt.userPrefix
  }
}

/** A secret by the name of its variable; a fault at `place` when neither it nor its file is there. */
export function readSecret (name: string, place: Place, { lookup, report }: Pick<IdentityContext, 'lookup' | 'report'>): string | undefined {
  const found = lookup(name)
  if (!found.ok) report.fault(place, found.error)
  else if (found.value === undefined || found.value === '') report.fault(place, `expected the environment variable ${name} (or ${name}_FILE) to hold the secret, but neither is set`)
  return found.ok ? found.value : undefined
}

/** A credential of a tenant that does not exist is refused on every request; the operator should learn it here. */
export function checkTenant (tenant: string, place: Place, { tenants, report }: Pick<IdentityContext, 'tenants' | 'report'>): void {
  if (tenants === undefined || tenants.has(tenant)) return
  report.fault(place, `expected one of the tenants of this configuration, but there is no ${JSON.stringify(tenant)}${didYouMean(tenant, tenants)}`)
}
