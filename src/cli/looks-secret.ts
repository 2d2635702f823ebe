const SECRET_NAME = /(?:token|secret|passw|pwd|passphrase|credential|authorization|private|bearer|cookie|dsn|api[_-]?key|access[_-]?key|(?:^|[_-])(?:key|pat|auth)(?:$|[_-]))/i
/** Beginnings that issuers give their tokens, so that leaks can be found. */
const SECRET_VALUE = /^(?:Bearer \S|Basic \S|gh[oprsu]_|github_pat_|glpat-|sk-|sk_(?:live|test)_|xox[abprs]-|AKIA[0-9A-Z]{12}|AIza[\w-]{30}|eyJ[\w-]{10,}\.|db_[a-z0-9]+_|npm_[A-Za-z0-9]{30}|hf_[A-Za-z0-9]{20}|lin_api_|ntn_|secret_|SG\.|dop_v1_)/
/** A URL that carries a password. */
const SECRET_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i

/**
 * Is this probably a secret, judged by the name it stands under and by how it looks? A guess for hints and masks: it
 * may be wrong both ways, so nothing relies on it.
 */
export function looksSecret (name: string, value: string): boolean {
  if (value === '' || /^\$\{[^}]*\}$/.test(value.replace(/^(?:Bearer|Basic) /, ''))) return false
  if (SECRET_VALUE.test(value) || SECRET_URL.test(value)) return true
  return SECRET_NAME.test(name) && value.length >= 6 && !/^(?:true|false|\d{1,6}|\.{0,2}\/.*)$/i.test(value)
}
