import type { Clock } from '../shared/clock.ts'
import type { ServerName, TenantId } from '../shared/ids.ts'
import type { GlobalPoolSettings, PoolSettings } from '../shared/settings/pool.ts'
import type { Containment } from '../sandbox/index.ts'
import type { Worker, WorkerExit, WorkerLaunch, WorkerOwner } from './types.ts'

/** What was wrong with something that a process wrote to stdout: the closed set of the metric label (T39). */
export type ProtocolErrorKind = 'noise' | 'invalid_utf8' | 'oversize'

/** Which bound on workers a start ran into: a closed set, in the order in which the bounds are tried. */
export type WorkerBound = 'all' | 'server' | 'server_tenant' | 'tenant' | 'user'

/** Where the bounds come from. Asked at every start, so that a reloaded configuration holds for the next worker. */
export interface WorkerLimits {
  /** Bounds over all servers. */
  global (): GlobalPoolSettings
  /** Bounds of one server; undefined = only the global ones. */
  server (server: ServerName): PoolSettings | undefined
  /** The tenant's own bound (tenants.<t>.limits.workers); undefined = maxWorkersPerTenant. */
  tenantWorkers (tenant: TenantId): number | undefined
  /** The tenant's share of the starting line (tenants.<t>.limits.weight); absent or undefined = 1. */
  tenantWeight? (tenant: TenantId): number | undefined
}

/** What the pool tells metrics and logs. Called synchronously; must be cheap and must not throw. */
export interface PoolEvents {
  workerStarted (worker: Worker): void
  /** A spare was given to the owner that it has now. */
  workerBound (worker: Worker): void
  /** The process is gone. `worker` is absent when it never came to be (reason 'spawn_failed'). */
  workerEnded (owner: WorkerOwner, exit: WorkerExit, worker?: Worker): void
  /** One line, or the process's last unfinished one, was not a message. */
  protocolError (server: ServerName, kind: ProtocolErrorKind): void
  /** So many bytes of stderr were drained. */
  stderrBytes (server: ServerName, bytes: number): void
  /** The supervisor could not be started or ended early: until the next start, workers may outlive a killed gateway. */
  supervisorLost (reason: string): void
}

/**
 * Asked when a bound is hit: ends one idle worker that counts against `bound` and says true, or says false at once.
 * The pool then waits for the process to be gone, so the answer may come while it is still ending.
 */
export type MakeRoom = (owner: WorkerOwner, bound: WorkerBound) => Promise<boolean>

/** What createWorkerPool needs. */
export interface WorkerPoolOptions {
  readonly limits: WorkerLimits
  readonly clock: Clock
  readonly events: PoolEvents
  readonly makeRoom?: MakeRoom
  /** Wraps each start in what contains it (T40-T43). Default: nothing does. */
  readonly contain?: (launch: WorkerLaunch) => Promise<Containment>
  /** Called by `close` when no worker is left: ends what all containments share. Must not reject. */
  readonly uncontain?: () => Promise<void>
  /** Wait after closing stdin, and again after TERM. Default 2 000: what MCP's shutdown order leaves open (T44). */
  readonly stopGraceMs?: number
}
