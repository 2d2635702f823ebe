/**
 * A refusal is expected and is returned, never thrown: an authentication, policy, limit or routing decision.
 * A fault is thrown as a {@link GatewayError}. Keeping the two apart keeps `try` out of the request path.
 */
export type Result<T, E> = { readonly ok: true, readonly value: T } | { readonly ok: false, readonly error: E }

/** Wraps a value that was granted. */
export function ok<T> (value: T): { readonly ok: true, readonly value: T } {
  return { ok: true, value }
}

/** Wraps the reason of a refusal. */
export function refuse<E> (error: E): { readonly ok: false, readonly error: E } {
  return { ok: false, error }
}
