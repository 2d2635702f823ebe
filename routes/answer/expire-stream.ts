import type { StreamWriter } from '../../src/session/index.ts'
import type { Clock } from '../../src/shared/clock.ts'
import type { Principal } from '../../src/shared/principal.ts'

/** Longest delay a Node timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Ends a stream when the token that opened it expires (T10). Returns what undoes it, for a stream that closes earlier. */
export function expireStream (principal: Principal, writer: Pick<StreamWriter, 'end'>, clock: Clock): () => void {
  if (principal.expiresAtMs === undefined) return () => undefined
  const leftMs = Math.min(MAX_TIMER_MS, Math.max(0, principal.expiresAtMs - clock.wallMs()))
  const timer = setTimeout(() => writer.end(), leftMs)
  timer.unref()
  return () => clearTimeout(timer)
}
