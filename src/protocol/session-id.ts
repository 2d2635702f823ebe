/** At least 128 bits in base64url, and a bound on what is looked up. */
const shape = /^[A-Za-z0-9_-]{22,128}$/

/** Could this header value be a session id? Anything else is answered like an unknown id, without a lookup (T03). */
export function isSessionIdShape (value: unknown): value is string {
  return typeof value === 'string' && shape.test(value)
}
