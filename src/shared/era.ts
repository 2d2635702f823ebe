/** Protocol eras: `legacy` shakes hands and has sessions (2024-11-05 to 2025-11-25), `modern` stands alone per request (2026-07-28). */
export type Era = 'legacy' | 'modern'
