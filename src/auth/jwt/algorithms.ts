/** The key an asymmetric algorithm needs (RFC 7518 3, RFC 8037 3.1, RFC 9864). */
export interface KeyShape {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: string
}

const RSA: KeyShape = { kty: 'RSA' }
const ED25519: KeyShape = { kty: 'OKP', crv: 'Ed25519' }

/** Asymmetric algorithms that an issuer with a key set may list, and the only keys each is verified with. */
export const KEY_SHAPES: ReadonlyMap<string, KeyShape> = new Map([
  ['RS256', RSA], ['RS384', RSA], ['RS512', RSA],
  ['PS256', RSA], ['PS384', RSA], ['PS512', RSA],
  ['ES256', { kty: 'EC', crv: 'P-256' }], ['ES384', { kty: 'EC', crv: 'P-384' }], ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['EdDSA', ED25519], ['Ed25519', ED25519]
])

/**
 * Algorithms that an issuer with a shared secret may list. The two lists are disjoint and an issuer has either a secret
 * or a key set, so a public key can never serve as an HMAC secret (RFC 8725 2.1, T06).
 */
export const SECRET_ALGORITHMS: ReadonlySet<string> = new Set(['HS256', 'HS384', 'HS512'])
