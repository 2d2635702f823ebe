import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import { ASYMMETRIC, SYMMETRIC } from '../schema/auth.ts'
import type { IntrospectionEntry, JwtIssuerEntry } from '../schema/auth.ts'
import { isLoopbackUrl } from './addresses.ts'
import { checkIssuerUrl } from './issuer-reach.ts'
import type { ReachContext } from './issuer-reach.ts'
import type { Located } from './merge.ts'
import { checkSharedSecret } from './weak-secrets.ts'

/** What the schema cannot say about one issuer: its key material, its algorithms, its tenants, its addresses. */
export function checkIssuer ({ value, place }: Located<JwtIssuerEntry>, secret: string | undefined, context: ReachContext): void {
  checkMaterial(value, place, context)
  checkTenants(value, place, context)
  if (secret !== undefined) checkSharedSecret(secret, value.algorithms ?? [], context.mode, within(place, 'secretEnv'), context.report)
  const { issuer, jwksUri, secretEnv, allowPrivateNetwork = false } = value
  if (jwksUri === undefined && secretEnv === undefined) return checkIssuerUrl(issuer, allowPrivateNetwork, within(place, 'issuer'), context)
  checkPlainHttp(issuer, within(place, 'issuer'), context)
  if (jwksUri !== undefined) checkIssuerUrl(jwksUri, allowPrivateNetwork, within(place, 'jwksUri'), context)
}

function checkMaterial (value: JwtIssuerEntry, place: Place, { report }: ReachContext): void {
  if (value.jwksUri !== undefined && value.secretEnv !== undefined) return report.fault(place, 'expected jwksUri or secretEnv, got both')
  // T06: an HMAC algorithm next to a public key would let anybody sign with that key
  const allowed: readonly string[] = value.secretEnv === undefined ? ASYMMETRIC : SYMMETRIC
  value.algorithms?.forEach((algorithm, index) => {
    if (!allowed.includes(algorithm)) report.fault(within(place, 'algorithms', index), `expected one of ${allowed.join(', ')} with ${value.secretEnv === undefined ? 'jwksUri' : 'secretEnv'}, got ${JSON.stringify(algorithm)}`)
  })
}

function checkTenants (value: JwtIssuerEntry, place: Place, { mode, report }: ReachContext): void {
  if (value.tenant !== undefined || value.tenants !== undefined || value.secretEnv === undefined) return
  const message = 'expected tenant or tenants: whoever holds the shared secret may name any tenant otherwise'
  if (mode === 'production') report.fault(place, message)
  else report.warn(place, message)
}

/** Tokens name their issuer; one of an http:// URL tells that its keys come over http as well (T62). */
function checkPlainHttp (url: string, place: Place, { mode, report }: ReachContext): void {
  if (!/^http:/i.test(url) || isLoopbackUrl(url)) return
  if (mode === 'production') report.fault(place, 'expected https:// outside loopback addresses')
  else report.warn(place, 'is plain http; production mode refuses it')
}

/** Two issuers of one tenant could name each other's users, unless a prefix keeps them apart (rulings 2). */
export function checkSharedTenants (issuers: ReadonlyArray<Located<JwtIssuerEntry | IntrospectionEntry>>, report: Report): void {
  issuers.forEach((later, index) => {
    const earlier = issuers.slice(0, index).find((other) => mayMix(other.value, later.value))
    if (earlier === undefined) return
    report.fault(within(later.place, 'userPrefix'), `expected another userPrefix than that of issuer ${JSON.stringify(earlier.value.issuer)}, because both serve one tenant; or sharedUsers: true if equal names are the same people`)
  })
}

function mayMix (one: JwtIssuerEntry | IntrospectionEntry, other: JwtIssuerEntry | IntrospectionEntry): boolean {
  if (one.sharedUsers === true || other.sharedUsers === true) return false
  if ((one.userPrefix ?? '') !== (other.userPrefix ?? '')) return false
  const left = tenantsOf(one)
  const right = tenantsOf(other)
  return left === undefined || right === undefined || left.some((tenant) => right.includes(tenant))
}

/** `undefined`: any tenant the claim names. */
function tenantsOf (value: JwtIssuerEntry | IntrospectionEntry): readonly string[] | undefined {
  return value.tenant === undefined ? value.tenants : [value.tenant]
}
