/** A call that its caller gave a name, so that it runs once however often it is asked for (FR42). */
export interface OnceId {
  readonly tenant: string
  /** (tenant, user) joined unambiguously. */
  readonly userKey: string
  /** Hash over all that the name is unique within, and the name itself. */
  readonly hash: string
}

/** What is known of such a call. */
export type OnceClaim =
  /** Nothing: it is the claimer's to run, who then settles or releases it with this ticket. */
  | { readonly kind: 'first', readonly ticket: string }
  /** It is under way. `ended` settles when it is worth asking again; it never rejects. */
  | { readonly kind: 'running', readonly ended: Promise<void> }
  /** What came of it, as it was settled; undefined: it was too large to be kept. */
  | { readonly kind: 'done', readonly outcome: string | undefined }
  /** The name was used for a call with another digest. */
  | { readonly kind: 'conflict' }
  /** There is no room for it, or nobody can tell. */
  | { readonly kind: 'refused' }

/** Remembers named calls while they run and for {@link ONCE_KEPT_MS} after. */
export interface OnceStore {
  /**
   * @param digest of what is asked for
   * @param leaseMs after which a claimer that says nothing is taken for dead, milliseconds
   */
  claim (id: OnceId, digest: string, leaseMs: number): OnceClaim | Promise<OnceClaim>
  /** It ran, or may have run: this is what is told from now on. */
  settle (id: OnceId, ticket: string, outcome: string): void
  /** It certainly did not run: the name is free again. */
  release (id: OnceId, ticket: string): void
}

/** How long an outcome is told again. */
export const ONCE_KEPT_MS = 600_000
