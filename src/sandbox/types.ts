import type { SandboxLevel, SandboxSettings } from '../shared/settings.ts'

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
  /** Directories that the entry's args, cwd and env name: the worker's own data. Writable, unless `settings.readOnly` holds them. */
  readonly dataDirs: readonly string[]
  /** Further paths that the command needs, such as the package store's. Read-only. */
  readonly programDirs: readonly string[]
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
}

/** Makes containments; one per gateway. */
export interface Sandbox {
  /** @throws GatewayError GW_CONFIG if the level that the entry names cannot be had on this host; the reason says why and what to do */
  contain (request: ContainRequest): Promise<Containment>
  /** Level that `auto` stands for here. */
  readonly strongest: SandboxLevel
  /** Ends what all containments share. */
  close (): Promise<void>
}
