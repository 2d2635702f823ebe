import type { ServerName } from '../shared/ids.ts'
import type { Connection } from './types.ts'

/**
 * A place of one worker key. Sessions hold it for as long as they live; the connection inside comes and goes (idle
 * reaping, crashes) and is opened again by `ready`.
 */
export interface Place {
  readonly key: string
  readonly server: ServerName
  /** The live connection, when there is one: the hot path asks nothing else. */
  readonly connection: Connection | undefined
  /** Milliseconds for which a call need not even be let in, because the server is known to be down (FR14); 0 = it may be up. Of processes always 0. */
  readonly awayMs: number
  /** Directories that `roots: filtered` allows; known once a worker was started. */
  readonly rootDirs: readonly string[]
  /**
   * The live connection, or a new one; callers share one start.
   * @throws GatewayError GW_UPSTREAM_START, GW_UPSTREAM_UNAVAILABLE (backing off, no turn to start in time, over HTTP: not
   * reached or not ready in time), over HTTP also GW_UPSTREAM_AUTH and GW_UPSTREAM_PROTOCOL; GW_LIMIT_WORKERS, GW_CONFIG,
   * GW_DRAINING; GW_CANCELLED when the last holder has gone
   */
  ready (): Promise<Connection>
  /** An open stream keeps the worker from being reaped as idle (rulings 1). */
  streamOpened (): void
  streamClosed (): void
  /** Marks use, for idle reaping. @param atMs monotonic, where the caller has just looked at the clock */
  touch (atMs?: number): void
  /** One holder is done with it. A place of `session` or `call` isolation ends with its last holder. */
  release (): void
}
