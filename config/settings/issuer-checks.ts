import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { ASYMMETRIC, SYMMETRIC } from '../schema/auth.ts'
import type { JwtIssuerEntry } from '../schema/auth.ts'
import { isLoopbackUrl } from './addresses.ts'
import type { Located } from './merge.ts'
import { checkSharedSecret } from './weak-secrets.ts'

interface IssuerContext { readonly mode: 'development' | 'production', readonly report: Report }

/** What the schema cannot say about one issuer: its key material, its algorithms, its tenants, its addresses. */
export function checkIssuer ({ value, place }: Located<JwtIssuerEntry>, secret: string | undefined, context: IssuerContext): void {
  checkMaterial(value, place, context.report)
  checkTenants(value, place, context)
  if (secret !== undefined) checkSharedSecret(secret, value.algorithms ?? [], context.mode, within(place, 'secretEnv'), context.report)
  for (const key of ['issuer', 'jwksUri'] as const) checkPlainHttp(value[key], within(place, key), context)
}

function checkMaterial (value: JwtIssuerEntry, place: Place, report: Report): void {
  if ((value.jwksUri === undefined) === (value.secretEnv === undefined)) {
    const got = value.jwksUri === undefined ? 'neither' : 'both'
    return report.fault(place, `expected exactly one of jwksUri and secretEnv, got ${got}`)
  }
  // T06: an HMAC algorithm next to a public key would let anybody sign with that key
  const allowed: readonly string[] = value.jwksUri === undefined ? SYMMETRIC : ASYMMETRIC
  value.algorithms?.forEach((algorithm, index) => {
    if (!allowed.includes(algorithm)) report.fault(within(place, 'algorithms', index), `expected one of ${allowed.join(', ')} with ${value.jwksUri === undefined ? 'secretEnv' : 'jwksUri'}, got ${JSON.stringify(algorithm)}`)
  })
}

function checkTenants (value: JwtIssuerEntry, place: Place, { mode, report }: IssuerContext): void {
  if (value.tenant !== undefined && value.tenants !== undefined) report.fault(place, 'expected tenant or tenants, got both')
  if (value.tenants?.length === 0) report.warn(within(place, 'tenants'), 'is empty, so every token of this issuer is refused')
  if (value.tenant !== undefined || value.tenants !== undefined || value.secretEnv === undefined) return
  const message = 'expected tenant or tenants: whoever holds the shared secret may name any tenant otherwise'
  if (mode === 'production') report.fault(place, message)
  else report.warn(place, message)
}

/** Keys fetched in the clear can be replaced on the way (T62). */
function checkPlainHttp (url: string | undefined, place: Place, { mode, report }: IssuerContext): void {
  if (url === undefined || !/^http:/i.test(url) || isLoopbackUrl(url)) return
  if (mode === 'production') report.fault(place, 'expected https:// outside loopback addresses')
  else report.warn(place, 'is plain http; production mode refuses it')
}

/** Two issuers of one tenant could name each other's users, unless a prefix keeps them apart (rulings 2). */
export function checkSharedTenants (issuers: readonly Located<JwtIssuerEntry>[], report: Report): void {
  issuers.forEach((later, index) => {
    const earlier = issuers.slice(0, index).find((other) => mayMix(other.value, later.value))
    if (earlier === undefined) return
    report.fault(within(later.place, 'userPrefix'), `expected another userPrefix than that of issuer ${JSON.stringify(earlier.value.issuer)}, because both serve one tenant; or sharedUsers: true if equal names are the same people`)
  })
}

function mayMix (one: JwtIssuerEntry, other: JwtIssuerEntry): boolean {
  if (one.sharedUsers === true || other.sharedUsers === true) return false
  if ((one.userPrefix ?? '') !== (other.userPrefix ?? '')) return false
  const left = tenantsOf(one)
  const right = tenantsOf(other)
  return left === undefined || right === undefined || left.some((tenant) => right.includes(tenant))
}

/** `undefined`: any tenant the claim names. */
function tenantsOf (value: JwtIssuerEntry): readonly string[] | undefined {
  return value.tenant === undefined ? value.tenants : [value.tenant]
}
