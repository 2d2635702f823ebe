import type { SandboxLevel, SandboxSettings } from '../shared/settings/sandbox.ts'
import type { HostSupport } from './host-support.ts'

/** One process to contain: what would be started without a sandbox, and what it needs to see. All paths absolute, templates filled. */
export interface ContainRequest {
  /** Names the server in errors. */
  readonly server: string
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Private to this worker, created already: its home is inside. Writable. */
  readonly privateDir: string
  /** TMPDIR. Writable. */
  readonly tmpDir: string
  /** The entry's sandbox with its paths filled. */
  readonly settings: SandboxSettings
  /** The command fetches a program before it runs it (npx, uvx): it needs the operator's registry, caches and credentials for that. Default false. */
  readonly fetches?: boolean
  /** Directories that belong to this worker's user or tenant alone, created by the gateway: given to the worker's user id. Writable, unless `settings.readOnly` holds them. */
  readonly dataDirs: readonly string[]
  /** Directories that the entry's args name and that are the operator's: writable as far as their permissions go, which nobody changes. */
  readonly namedDirs: readonly string[]
  /** Further paths that the command needs, such as the package store's. Read-only. */
  readonly programDirs: readonly string[]
  /** Directories whose content is known only after the start, when the worker is bound to a user (rulings 1). Default none. */
  readonly lateMounts?: readonly LateMount[]
}

/** A place inside that is empty until {@link Containment.mount} fills it. */
export interface LateMount {
  /** Path inside. Absolute. */
  readonly inner: string
}

/** What to start instead, and what goes with it. One per process. */
export interface Containment {
  readonly level: SandboxLevel
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** File descriptors that the process gets as 3, 4, …; the pool closes its own copies after the start. */
  readonly descriptors: readonly number[]
  /** The process runs under this pid: what can only be set up now. Rejects if that failed; the pool then ends the process. */
  started (pid: number): Promise<void>
  /** No process of the group is left: ends whatever still runs in the containment (double-forked daemons), and removes it. Never rejects. */
  ended (): Promise<void>
  /**
   * Only after `started`, once for each late mount: from now on the directory `source` of the host is what the worker finds at
   * `inner`, writable. Absent where the level has no late mounts; {@link mountRefusal} then says why.
   * Rejects if `inner` was not asked for, was filled before, or the system refuses.
   */
  readonly mount?: (inner: string, source: string) => Promise<void>
  /** Why there is no {@link mount}: one sentence for doctor and status. */
  readonly mountRefusal?: string
}

/** Makes containments; one per gateway. */
export interface Sandbox {
  /** @throws GatewayError GW_CONFIG if the level that the entry names cannot be had on this host; the reason says why and what to do. GW_UPSTREAM_START if the command is not there */
  contain (request: ContainRequest): Promise<Containment>
  /** What this host gives: looked at once, at the first question. */
  host (): Promise<HostSupport>
  /** Ends what all containments share. */
  close (): Promise<void>
}
