import type { Principal } from '../shared/principal.ts'
import type { Result } from '../shared/result.ts'
import type { Endpoints } from './endpoints.ts'
import { refused } from './refused.ts'
import type { AuthRefusal } from './types.ts'

/** Who presents a token, or why it is refused. */
export type Verdict = Result<Principal, AuthRefusal>

/** What was found out about one token, wherever it is presented. */
export interface Judged {
  readonly verdict: Verdict
  /** URLs of the endpoints that it was issued for; absent = it is good for all. */
  readonly only?: readonly string[]
  /** How long an acceptance is remembered, in milliseconds. Default 60 000. */
  readonly keepMs?: number
  /** One of the gateway's own, which may have been revoked since. */
  readonly isOwn?: boolean
}

/** The verdict for this request: a token for one endpoint opens no other (RFC 8707, T09). */
export function verdictAt ({ verdict, only }: Judged, target: string, endpoints: Endpoints | undefined): Verdict {
  if (only === undefined) return verdict
  const here = endpoints?.of(target)
  return here !== undefined && only.includes(here) ? verdict : refused('audience')
}
