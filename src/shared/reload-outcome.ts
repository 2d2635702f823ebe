/** What became of a new configuration (FR44). */
export type ReloadOutcome =
  /** It serves. `waiting`: keys that differ but are read at the start only. */
  | { readonly outcome: 'applied', readonly revision: number, readonly waiting: readonly string[] }
  /** Nothing differs. */
  | { readonly outcome: 'unchanged', readonly revision: number }
  /** The one before still serves. One sentence per fault, each naming its key. */
  | { readonly outcome: 'refused', readonly revision: number, readonly faults: readonly string[] }
