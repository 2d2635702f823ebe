import type { TokenIdentitySettings } from '../../shared/settings/auth.ts'

/**
 * The longer prefixes of other issuers that may speak for the same tenant. Beside one with the prefix `b-`, an issuer
 * without any could call somebody `b-alice` and make them the other's alice: it may not (T04, rulings 2).
 */
export function foreignPrefixesOf (own: TokenIdentitySettings, all: readonly TokenIdentitySettings[]): readonly string[] {
  const others = all.filter((other) => other.userPrefix !== own.userPrefix && other.userPrefix.startsWith(own.userPrefix) && mayShareTenant(own, other))
  return others.map(({ userPrefix }) => userPrefix)
}

function mayShareTenant (one: TokenIdentitySettings, other: TokenIdentitySettings): boolean {
  const left = one.tenant === undefined ? one.tenants : [one.tenant]
  const right = other.tenant === undefined ? other.tenants : [other.tenant]
  return left === undefined || right === undefined || left.some((tenant) => right.includes(tenant))
}
