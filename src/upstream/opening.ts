import type { ServerName } from '../shared/ids.ts'
import type { PackageStore } from '../packages/index.ts'
import type { HostEnvironment, WorkerPool } from '../stdio-pool/index.ts'
import type { FirstProbes } from './first-probes.ts'
import type { ServerHealths } from './health/server-healths.ts'
import type { Spares } from './spares/spares.ts'
import type { ConnectionFault } from './speech.ts'
import type { Connection, ConnectionPeer } from './types.ts'

/** What opening a connection needs besides the request. */
export interface StartOptions {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
  /** Absent = every command is started as written. */
  readonly packages?: PackageStore
  readonly version: string
  readonly probes: FirstProbes
  /** Absent = none are kept. */
  readonly spares?: Spares
  readonly nowMs: () => number
  /** What is shared by all connections of an entry over HTTP. Absent = nothing: no breaker, no retries, no tokens. */
  readonly healths?: ServerHealths
  readonly onFault: (server: ServerName, kind: ConnectionFault) => void
  readonly onThrown: (thrown: unknown) => void
}

/** A start that came to nothing: what the process said on stderr, and when it is gone. */
export interface FailedStart {
  readonly stderr: string
  readonly stopped: Promise<void>
}

/** Was a process there already when it was needed? */
export type StartKind = 'warm' | 'cold'

/** How one start reports what it finds on the way. */
export interface StartTold {
  /** A process is about to be greeted, whose launch names these directories; they count as roots. */
  process (kind: StartKind, rootDirs: readonly string[]): void
  failed (start: FailedStart): void
  /** The listener of the connection to be. */
  peer (connection: Connection): ConnectionPeer
}
