import type { Resolve } from '../../net/index.ts'
import { openIssuerLine } from '../http/issuer-line.ts'
import type { Reach } from '../http/issuer-line.ts'

/** Gets the JSON behind a URL of an issuer: its keys, or its metadata. Rejects without it. Tests bring their own. */
export type FetchJwks = (url: string, signal: AbortSignal, reach: Reach) => Promise<unknown>

/** Key sets of large issuers are 5 to 20 KB. */
export const MAX_JWKS_BYTES = 262_144

/**
 * Fetches over the guarded way of {@link openIssuerLine}, on a connection of its own: this happens once in minutes.
 * @param resolve name resolution; default the system's
 * @throws Error whose message says what was wrong, for the log
 */
export async function fetchJwks (url: string, signal: AbortSignal, reach: Reach, resolve?: Resolve): Promise<unknown> {
  const line = openIssuerLine(url, reach, resolve)
  try {
    return await line.ask({ signal, maxBytes: MAX_JWKS_BYTES })
  } finally {
    line.close()
  }
}
