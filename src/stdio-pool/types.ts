import type { JsonText } from '../protocol/index.ts'
import type { ServerName, TenantId, UserId } from '../shared/ids.ts'
import type { LateMount } from '../sandbox/index.ts'
import type { SandboxSettings } from '../shared/settings/sandbox.ts'

/** Everything needed to start one process: templates filled, nothing left to decide. Made by `prepareLaunch`. */
export interface WorkerLaunch {
  readonly server: ServerName
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the child (from empty: allow-list + private directories + the entry's own). */
  readonly env: Readonly<Record<string, string>>
  /** Absolute. */
  readonly cwd: string
  /**
   * The worker's own scratch directory (its `home`, and a link `tmp`), absolute, new for each launch: created before the
   * start, removed when the process group is gone. One launch therefore starts one process.
   */
  readonly privateDir: string
  /** TMPDIR: what the link `tmp` points to, and removed with it. Apart, because its path has to be short. */
  readonly tmpDir: string
  /** Directories that must exist before the start: templated data directories, absolute. */
  readonly dataDirs: readonly string[]
  /** Directories named by the entry's args, cwd and sandbox paths: what `roots: filtered` allows (rulings 1). */
  readonly rootDirs: readonly string[]
  /** Directories that the command itself needs, such as its packages in the store; read-only. */
  readonly programDirs: readonly string[]
  /** Directories that are filled once it is known whose the worker is. Absent = none. */
  readonly lateMounts?: readonly LateMount[]
  /** The entry's containment, its paths filled. */
  readonly sandbox: SandboxSettings
}

/** Whom a worker counts against. Absent user or tenant: a worker shared more widely. */
export interface WorkerOwner {
  readonly tenant?: TenantId
  readonly user?: UserId
  readonly server: ServerName
}

/** Why a worker ended: the closed set of the metric label. */
export type WorkerExitReason = 'stopped' | 'crashed' | 'oversize' | 'noise' | 'stdin_full' | 'spawn_failed'

/** How a worker ended: why, and what the system says of its process. */
export interface WorkerExit {
  readonly reason: WorkerExitReason
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One running server process. Raw JSON-RPC in and out; knows nothing of MCP beyond "one JSON object per line". */
export interface Worker {
  /** Unique in this gateway's life, for logs. */
  readonly id: string
  readonly pid: number
  /** Changes once, when a spare is bound. */
  readonly owner: WorkerOwner
  /** Started ahead of need, and nobody's yet. */
  readonly isSpare: boolean
  /** Lines and remains of lines on stdout that were no messages, so far. */
  readonly noise: number
  readonly startedAtMs: number
  /**
   * Called for each parsed object that the process wrote, in order; `bytes` is the line's length. Set once, right after
   * start: reading begins with it, so nothing is lost before. Must not throw. Non-JSON and non-object lines never reach it.
   */
  onMessage: ((message: Record<string, unknown>, bytes: number) => void) | undefined
  /** Settles once, when the process has ended and what it wrote was read (its group is being killed then). Never rejects. */
  readonly exited: Promise<WorkerExit>
  /**
   * Queues one message. `text` is a complete JSON text without line breaks. All texts of one event-loop turn leave in
   * one write. 'full': the bound on queued bytes was hit, nothing was queued. 'closed': the process is gone.
   */
  send (text: JsonText): 'sent' | 'full' | 'closed'
  /** Closes stdin, waits 2 s, TERM to the group, waits 2 s, KILL. Resolves when the group is gone. Idempotent. */
  stop (): Promise<void>
  /** KILL to the group at once (FR02). `reason` is what {@link WorkerExit} then names; default 'stopped'. Safe when dead. */
  kill (reason?: WorkerExitReason): void
  /** The last 64 KB of stderr as text. Unredacted: redact before showing. */
  stderrTail (): string
}

/** Live numbers for /status and metrics. */
export interface PoolStats {
  /** Processes that are settled: initialized, or ending. */
  readonly running: number
  /** Processes that were started and are not settled yet. Callers still in line are not counted. */
  readonly starting: number
  /** Processes of each server, starting ones and spares included. */
  readonly byServer: ReadonlyMap<ServerName, number>
}

/** All server processes of one gateway, within their bounds (T55): starts, spares, the end of all. */
export interface WorkerPool {
  /** This gateway's tag: what DRAWBRIDGE_WORKER begins with, before a dot and a number of the worker's own, in the environment of every process it starts. */
  readonly instanceId: string
  /**
   * Starts a process within the bounds (all, server, server+tenant, tenant, user; a bounded number starting at once, the
   * rest wait in line until `signal` aborts). Resolves when spawned, not when initialized.
   * @throws GatewayError GW_LIMIT_WORKERS (a bound is hit and `makeRoom` freed nothing), GW_UPSTREAM_START (spawn
   * failed; reason says ENOENT etc.), GW_CANCELLED (signal), GW_DRAINING (pool closed)
   */
  start (launch: WorkerLaunch, owner: WorkerOwner, signal: AbortSignal): Promise<Worker>
  /**
   * Starts a process ahead of need: nobody's, counted against the bounds of all and of the server only. Ends no idle worker
   * for it, and waits in line behind every caller (an owner without a tenant).
   * @throws GatewayError as `start` does; GW_LIMIT_WORKERS at once when a bound is hit
   */
  startSpare (launch: WorkerLaunch, server: ServerName, signal: AbortSignal): Promise<Worker>
  /**
   * Gives a spare to its owner, for good: never to a second one, and never back (rulings 1, T19). The owner's bounds hold,
   * with room made as for a start; while that takes time, the spare stays free for others.
   * @param next the spare to take, asked anew after each wait; undefined = there is none (any more)
   * @returns the spare, now the owner's; undefined when there was none
   * @throws GatewayError GW_LIMIT_WORKERS (a bound of the owner is hit; no spare was taken), GW_CANCELLED, GW_DRAINING
   */
  bind (next: () => Worker | undefined, owner: WorkerOwner, signal: AbortSignal): Promise<Worker | undefined>
  /**
   * Mounts directories into a worker whose launch has places for them. Once per worker and place.
   * @param dataDirs made first where they are missing, the directories themselves among them
   * @throws GatewayError GW_UPSTREAM_START
   */
  mount (worker: Worker, mounts: ReadonlyArray<{ readonly inner: string, readonly source: string }>, dataDirs: readonly string[]): Promise<void>
  /** Must be called when a started worker has initialized or failed to: frees its place among the starting. */
  settled (worker: Worker): void
  stats (): PoolStats
  /** Stops every worker and the supervisor. Resolves when no process group is left. */
  close (): Promise<void>
}
