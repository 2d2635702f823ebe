import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { GatewayError } from '../../shared/errors.ts'
import type { JwtIssuerSettings } from '../../shared/settings.ts'
import { discoverKeys } from '../jwks/discovery.ts'
import type { FetchKeys } from '../jwks/discovery.ts'
import type { FetchJwks } from '../jwks/fetch-jwks.ts'
import { createKeySet } from '../jwks/key-set.ts'
import type { KeyAnswer, KeySet, KeySetParts } from '../jwks/key-set.ts'
import { API_KEY_ISSUER } from '../make-principal.ts'
import { KEY_SHAPES, SECRET_ALGORITHMS } from './algorithms.ts'

/** What all issuers share. */
export interface IssuerParts extends Pick<KeySetParts, 'clock' | 'events'> {
  readonly fetchJwks: FetchJwks
}

/** One trusted issuer, ready to verify. */
export interface Issuer {
  readonly settings: JwtIssuerSettings
  readonly algorithms: ReadonlySet<string>
  readonly audience: ReadonlySet<string>
  /** How names begin that belong to other issuers of the same tenant; see {@link foreignPrefixes}. */
  readonly foreignPrefixes: readonly string[]
  /** Absent for an issuer with a shared secret. */
  readonly keySet: KeySet | undefined
  /** The key for a token's header. A secret has no key ids. */
  key (kid: string | undefined, alg: string): KeyObject | KeyAnswer | Promise<KeyAnswer>
}

/**
 * Makes the issuers by exact `iss`: no trailing slash is forgiven (RFC 9068 4, T09).
 * @throws GatewayError GW_CONFIG for what config/ must have refused before: a name twice or reserved, neither or both of
 * secret and key set, no audience, an algorithm that does not go with the kind of key
 */
export function createIssuers (settings: readonly JwtIssuerSettings[], shared: IssuerParts): ReadonlyMap<string, Issuer> {
  for (const [i, entry] of settings.entries()) {
    const wrong = fault(entry, settings.slice(0, i))
    if (wrong !== undefined) throw new GatewayError('GW_CONFIG', { reason: `auth.jwt[${i}]: ${wrong}` })
  }
  return new Map(settings.map((entry) => [entry.issuer, createIssuer(entry, foreignPrefixes(entry, settings), shared)]))
}

function createIssuer (settings: JwtIssuerSettings, foreignPrefixes: readonly string[], shared: IssuerParts): Issuer {
  const algorithms = new Set(settings.algorithms)
  const audience = new Set(settings.audience)
  if (settings.secret !== undefined) {
    const secret = createSecretKey(Buffer.from(settings.secret, 'utf8'))
    return { settings, algorithms, audience, foreignPrefixes, keySet: undefined, key: () => secret }
  }
  const { clock, events, fetchJwks } = shared
  const { issuer, jwksUri } = settings
  const fetchKeys: FetchKeys = jwksUri === undefined ? discoverKeys(issuer, settings, fetchJwks) : async (signal) => await fetchJwks(jwksUri, signal, settings)
  const keySet = createKeySet({ clock, events, issuer, algorithms, fetchKeys })
  return { settings, algorithms, audience, foreignPrefixes, keySet, key: keySet.find }
}

/**
 * The longer prefixes of other issuers that may speak for the same tenant. Beside one with the prefix `b-`, an issuer
 * without any could call somebody `b-alice` and make them the other's alice: it may not (T04, rulings 2).
 */
function foreignPrefixes (own: JwtIssuerSettings, all: readonly JwtIssuerSettings[]): string[] {
  const others = all.filter((other) => other.userPrefix !== own.userPrefix && other.userPrefix.startsWith(own.userPrefix) && mayShareTenant(own, other))
  return others.map(({ userPrefix }) => userPrefix)
}

function mayShareTenant (one: JwtIssuerSettings, other: JwtIssuerSettings): boolean {
  const left = one.tenant === undefined ? one.tenants : [one.tenant]
  const right = other.tenant === undefined ? other.tenants : [other.tenant]
  return left === undefined || right === undefined || left.some((tenant) => right.includes(tenant))
}

function fault (entry: JwtIssuerSettings, earlier: readonly JwtIssuerSettings[]): string | undefined {
  if (entry.issuer === '' || entry.issuer === API_KEY_ISSUER) return `issuer "${entry.issuer}" is reserved`
  if (earlier.some(({ issuer }) => issuer === entry.issuer)) return `issuer ${entry.issuer} is given twice`
  if (entry.secret !== undefined && entry.jwksUri !== undefined) return 'a secret and jwksUri are too much'
  if (entry.secret === undefined && !URL.canParse(entry.jwksUri ?? entry.issuer)) return 'a secret, jwksUri or an issuer that is a URL is needed'
  if (entry.secret === '') return 'the secret is empty'
  if (entry.audience.length === 0) return 'audience is needed'
  const possible = entry.secret === undefined ? KEY_SHAPES : SECRET_ALGORITHMS
  if (entry.algorithms.length === 0) return 'algorithms are needed'
  const wrong = entry.algorithms.find((alg) => !possible.has(alg))
  return wrong === undefined ? undefined : `algorithm ${wrong} does not go with ${entry.secret === undefined ? 'a key set' : 'a secret'}`
}
