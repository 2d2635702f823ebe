import { createHmac, hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { createAuthenticator } from '../../../src/auth/index.ts'
import type { Authenticator, AuthenticatorParts, AuthRefusal, AuthRefusalReason } from '../../../src/auth/index.ts'
import type { Clock } from '../../../src/shared/clock.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { TenantId } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { Result } from '../../../src/shared/result.ts'
import type { ApiKeySettings, AuthSettings, JwtIssuerSettings } from '../../../src/shared/settings/auth.ts'

export const ISSUER = 'https://idp.example'
export const AUDIENCE = 'https://mcp.example'
export const SECRET = 'a shared secret of more than 32 bytes, for tests'
/** 22 November 2026, in seconds. */
export const NOW_S = 1_795_305_600

export const tenantId = (value: string): TenantId => brandAs<TenantId>(value)

/** Both clocks stand still until told to move; `stepWall` moves the date alone. */
export interface TestClock extends Clock {
  advance (ms: number): void
  stepWall (ms: number): void
}

export function testClock (): TestClock {
  let nowMs = 5000
  let wallMs = NOW_S * 1000
  return {
    nowMs: () => nowMs,
    wallMs: () => wallMs,
    advance (ms) {
      nowMs += ms
      wallMs += ms
    },
    stepWall (ms) { wallMs += ms }
  }
}

/** An issuer with a shared secret. */
export function secretIssuer (settings: Partial<JwtIssuerSettings> = {}): JwtIssuerSettings {
  return {
    issuer: ISSUER,
    audience: [AUDIENCE],
    algorithms: ['HS256'],
    secret: SECRET,
    tenant: tenantId('acme'),
    tenantClaim: 'tenant',
    userClaim: 'sub',
    scopeClaim: 'scope',
    userPrefix: '',
    ...settings
  }
}

/** An issuer with a key set. */
export function keySetIssuer (jwksUri: string, settings: Partial<JwtIssuerSettings> = {}): JwtIssuerSettings {
  const { secret, ...rest } = secretIssuer()
  return { ...rest, algorithms: ['RS256'], jwksUri, ...settings }
}

export function settings ({ apiKeys = [], jwt = [] }: Partial<AuthSettings>): AuthSettings {
  return { apiKeys, jwt }
}

export function authenticator (jwt: readonly JwtIssuerSettings[], parts: Partial<AuthenticatorParts> = {}): Authenticator {
  return createAuthenticator(settings({ jwt }), { clock: testClock(), ...parts })
}

export function apiKey (id: string, text: string, rest: Partial<ApiKeySettings> = {}): ApiKeySettings {
  return { id, sha256: hash('sha256', text), tenant: tenantId('acme'), user: 'alice', ...rest }
}

export type Verdict = Result<Principal, AuthRefusal>

/** What a request with this Authorization header gets. */
export async function present (auth: Authenticator, token: string): Promise<Verdict> {
  return auth.authenticate(['Host', 'mcp.example', 'Authorization', `Bearer ${token}`], '/mcp')
}

/** `accepted`, or why not. */
export async function outcome (auth: Authenticator, token: string): Promise<'accepted' | AuthRefusalReason> {
  const verdict = await present(auth, token)
  return verdict.ok ? 'accepted' : verdict.error.reason
}

/** Claims that hold, with changes; `undefined` takes a claim away. */
export function claims (changes: Record<string, unknown> = {}): Record<string, unknown> {
  const all = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: NOW_S + 300, iat: NOW_S, ...changes }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

export const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with any header and payload, MACed with any secret: what no honest library would make. */
export function forge (header: unknown, payload: unknown, secret: string | Buffer = SECRET): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/** A token of the issuer with the shared secret. */
export function secretToken (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  return forge({ alg: 'HS256', typ: 'at+jwt', ...header }, claims(changes))
}

/** A key pair as an identity provider holds it. */
export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function signingKey (kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...await exportJWK(publicKey), kid, alg, use: 'sig' } }
}

/** A token signed by jose. */
export function sign (key: SigningKey, changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT(claims(changes)).setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }).sign(key.privateKey)
}

/** A real key-set server on loopback. */
export interface JwksServer extends AsyncDisposable {
  readonly url: string
  /** Requests so far, of any path. */
  hits: number
  status: number
  body: string
  publish (...keys: readonly SigningKey[]): void
}

export async function jwksServer (...keys: readonly SigningKey[]): Promise<JwksServer> {
  const server = createServer((_request, response) => {
    state.hits++
    response.writeHead(state.status, { 'content-type': 'application/json', location: '/elsewhere' }).end(state.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state: JwksServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    hits: 0,
    status: 200,
    body: '',
    publish (...next) { state.body = JSON.stringify({ keys: next.map(({ jwk }) => jwk) }) },
    async [Symbol.asyncDispose] () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
  state.publish(...keys)
  return state
}
