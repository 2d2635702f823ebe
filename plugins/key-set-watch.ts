import type { AuthEvents, Authenticator, KeySetState } from '../src/auth/index.ts'
import { safeText } from '../src/telemetry/index.ts'
import type { Logger, Telemetry } from '../src/telemetry/index.ts'
import type { HealthState } from './app-options.ts'

type Check = HealthState['checks'][string]

/**
 * What becomes of key-set fetches: each is counted; a failure is a warning, and the first success after it says that it
 * is over (T08). The log names the issuer and the fault, never a URL's query, which may hold a secret (T58).
 */
export function keySetEvents (telemetry: Telemetry, logger: Logger): AuthEvents {
  const failing = new Set<string>()
  const silent = new Set<string>()
  return {
    jwksFetched (issuer, outcome, reason) {
      telemetry.count('jwks_fetch_total', { outcome }).inc()
      const fields = { event: 'jwks_fetched', issuer: withoutQueries(issuer), outcome }
      if (outcome === 'failed') {
        failing.add(issuer)
        logger.warn({ ...fields, reason: withoutQueries(reason ?? '') }, 'the keys of an issuer could not be fetched; another try follows')
      } else if (failing.delete(issuer)) {
        logger.info(fields, 'the keys of an issuer can be fetched again')
      }
    },
    introspected (issuer, outcome, reason) {
      telemetry.count('introspections_total', { outcome }).inc()
      const fields = { event: 'introspected', issuer: withoutQueries(issuer), outcome }
      if (outcome === 'failed' && !silent.has(issuer)) {
        silent.add(issuer)
        logger.warn({ ...fields, reason: withoutQueries(reason ?? '') }, 'an authorization server cannot be asked about its tokens; they are refused with 503')
      } else if (outcome === 'ok' && silent.delete(issuer)) {
        logger.info(fields, 'an authorization server can be asked again')
      }
    }
  }
}

/** Sets the gauges of every key set of the configuration that serves, before each scrape. */
export function watchKeySets (telemetry: Telemetry, authenticator: Authenticator): void {
  const seen = new Set<string>()
  telemetry.beforeScrape(() => {
    // Has keys that nobody has asked for meanwhile fetched again: of several processes, one that is idle would have none.
    authenticator.ready()
    // Of an issuer that a reload has dropped nothing is told any more.
    for (const issuer of seen) for (const name of ['jwks_usable', 'jwks_stale_seconds'] as const) telemetry.level(name, { issuer }).clear()
    for (const { issuer, usable, staleS } of authenticator.keySets()) {
      if (!seen.has(issuer)) telemetry.allow('issuer', [issuer])
      seen.add(issuer)
      telemetry.level('jwks_usable', { issuer }).set(usable ? 1 : 0)
      telemetry.level('jwks_stale_seconds', { issuer }).set(staleS)
    }
  })
}

/**
 * One row of /health over all key sets, in numbers only: an issuer's name may tell whose customer somebody is. Absent
 * without key sets. Degraded and no worse: whether anybody can be verified at all is the row `credentials`.
 */
export function keySetCheck (states: readonly KeySetState[]): { readonly key_sets?: Check } {
  if (states.length === 0) return {}
  const missing = states.filter(({ usable }) => !usable).length
  const stale = states.filter(({ staleS }) => staleS > 0).length
  if (missing + stale === 0) return { key_sets: { status: 'healthy', detail: `${states.length} fresh` } }
  return { key_sets: { status: 'degraded', detail: `of ${states.length}: ${stale} stale, ${missing} without keys` } }
}

function withoutQueries (text: string): string {
  return safeText(text.replace(/\?[^\s"']*/g, '?…'))
}
