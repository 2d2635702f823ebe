import type { ErrorCode, GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { RecycleReason, ResidentMemory } from '../stdio-pool/index.ts'
import type { ServerHealths } from './health/server-healths.ts'
import type { KeyedPlace } from './keyed-place.ts'
import type { StartKind, StartOptions } from './opening.ts'
import type { ServerBreaker } from './server-breaker.ts'
import type { StartBackoff } from './start-backoff.ts'
import type { EraVerdicts } from './types.ts'

/** The newest failed start of a server. `reason` and `stderr` are for operators only. */
export interface StartFailure { readonly atMs: number, readonly code: ErrorCode, readonly reason: string, readonly stderr: string }

/** What all places share. */
export interface PlaceContext {
  readonly start: StartOptions
  readonly backoff: StartBackoff
  readonly breaker: ServerBreaker
  readonly healths: ServerHealths
  readonly verdicts: EraVerdicts
  readonly memory: ResidentMemory
  opened (server: ServerName, startMs: number, kind: StartKind): void
  recycled (server: ServerName, reason: RecycleReason): void
  startFailed (server: ServerName, error: GatewayError, stderr: string): void
  /** Nobody holds the place and nothing runs in it. */
  forget (place: KeyedPlace): void
  /** The gateway is shutting down. */
  closing (): boolean
}
