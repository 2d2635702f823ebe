import type { TenantId, UserId } from '../shared/ids.ts'
import type { KeyedPlace } from './keyed-place.ts'

/** Whose workers: a user's, or with `user` absent those of a whole tenant. */
export interface PlaceOwner { readonly tenant: TenantId, readonly user?: UserId }

/** Is the place one of theirs? What everybody shares is nobody's, and what a tenant shares is no user's. */
export function isOwned ({ request: { server, tenant, user } }: KeyedPlace, owner: PlaceOwner): boolean {
  if (server.isolation === 'shared' || tenant !== owner.tenant) return false
  return owner.user === undefined || (server.isolation !== 'tenant' && user === owner.user)
}
