const MASK = '[redacted]'

const SUSPECT = /eyJ|db_|bearer|basic |authorization|cookie|[_-]?key|token|secret|passw|credential|gh[pousr]_|github_pat_|glpat-|sk-|xox|AKIA|AIza|:\/\/[^\s/]*@|PRIVATE KEY|signature=|sig=|code=|assertion/i

/** What a credential may look like wherever it turns up, each with its replacement. Order: the most telling first. */
const SHAPES: ReadonlyArray<readonly [RegExp, string]> = [
  // PEM private keys, also cut off at the end.
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, MASK],
  // Header-like text: Authorization: Basic abc, "cookie":"a=b", x-api-key=…
  [/\b((?:proxy-)?authorization|set-cookie|cookie|x-api-key)(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|digest|token|dpop)\s+)?[^\s"',]+/gi, `$1$2${MASK}`],
  [/\b(bearer|basic|dpop)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASK}`],
  // Drawbridge's own keys: db_<id>_<secret>; a secret is at least 16 characters, so that tool names stay readable.
  [/\bdb_[a-z0-9]{1,32}_[A-Za-z0-9_-]{16,}/g, `db_${MASK}`],
  // JSON Web Tokens, and pieces of them.
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g, `eyJ${MASK}`],
  // Tokens that name their issuer by their prefix.
  [/\b(gh[pousr]_|github_pat_|glpat-|sk-|xox[abprs]-|AKIA|AIza)[A-Za-z0-9_-]{12,}/g, `$1${MASK}`],
  // user:password@ in URLs.
  [/(:\/\/)[^\s/@:]{0,256}:[^\s/@]{0,256}@/g, `$1${MASK}@`],
  // Secrets in URL queries and forms.
  [/([?&](?:access_token|refresh_token|id_token|token|api_?key|key|client_secret|secret|password|passwd|sig|signature|code|assertion)=)[^&\s"'#]+/gi, `$1${MASK}`],
  // Environment dumps and JSON: GITHUB_TOKEN=…, "apiKey": "…".
  [/\b([A-Z0-9_]{0,64}(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS))(\s*=\s*)["']?[^\s"'&]+/gi, `$1$2${MASK}`],
  [/(["'][A-Za-z0-9_-]{0,64}(?:token|secret|password|passwd|api_?key|access_?key|private_?key|credentials)["']\s*:\s*["'])[^"']+/gi, `$1${MASK}`]
]

/** Cheap test whether a text may hold something to mask; the shapes are looked for only when this one hits. */
export function isSuspect (text: string): boolean {
  return SUSPECT.test(text)
}

/**
 * The text with everything in it that looks like a credential masked (T58): keys of Drawbridge, JSON Web Tokens,
 * Authorization, Cookie and X-API-Key values, secrets in URLs, environment dumps, well-known token prefixes. For free
 * text of any origin: stderr of workers, error messages, names that callers chose. Runs in time linear to the text.
 */
export function redact (text: string): string {
  if (!isSuspect(text)) return text
  let masked = text
  for (const [shape, replacement] of SHAPES) masked = masked.replace(shape, replacement)
  return masked
}
