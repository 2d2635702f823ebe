import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { GatewayError } from '../../shared/errors.ts'
import type { JwtIssuerSettings, TokenIdentitySettings } from '../../shared/settings/auth.ts'
import type { Endpoints } from '../endpoints.ts'
import { discoverKeys } from '../jwks/discovery.ts'
import type { FetchKeys } from '../jwks/discovery.ts'
import type { FetchJwks } from '../jwks/fetch-jwks.ts'
import { createKeySet } from '../jwks/key-set.ts'
import type { KeyAnswer, KeySet, KeySetParts } from '../jwks/key-set.ts'
import { API_KEY_ISSUER } from '../make-principal.ts'
import { KEY_SHAPES, SECRET_ALGORITHMS } from './algorithms.ts'
import type { Audiences } from './claims.ts'
import { foreignPrefixesOf } from './foreign-prefixes.ts'
import type { TokenIdentity } from './identity.ts'

/** What all issuers share. */
export interface IssuerParts extends Pick<KeySetParts, 'clock' | 'events'> {
  readonly fetchJwks: FetchJwks
  /** Of the gateway, where its resources have names. */
  readonly endpoints: Endpoints | undefined
  /** Every issuer of the settings: those of one tenant must not name each other's users. */
  readonly all: readonly TokenIdentitySettings[]
}

/** One trusted issuer, ready to verify. */
export interface Issuer extends TokenIdentity {
  readonly settings: JwtIssuerSettings
  readonly algorithms: ReadonlySet<string>
  readonly audience: Audiences
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
  return new Map(settings.map((entry) => [entry.issuer, createIssuer(entry, shared)]))
}

function createIssuer (settings: JwtIssuerSettings, shared: IssuerParts): Issuer {
  const algorithms = new Set(settings.algorithms)
  const audience = audiencesFor(settings, shared.endpoints)
  const foreignPrefixes = foreignPrefixesOf(settings, shared.all)
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

/** The audiences of an entry, and what the gateway itself is called. */
export function audiencesFor ({ audience }: TokenIdentitySettings, endpoints: Endpoints | undefined): Audiences {
  return { named: new Set(endpoints === undefined ? audience : [...audience, endpoints.root]), endpoints }
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
