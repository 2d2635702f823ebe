import type { ServerSettings } from '../shared/settings/server.ts'

/** Where packages come from. */
export type Registry = 'npm' | 'pypi'

/** What a launcher command asks for: which packages, which of their programs, with which arguments. */
export interface PackageRequest {
  readonly registry: Registry
  /** In the registry's own spelling; the program is one of the first. At least one. */
  readonly specs: readonly string[]
  /** Absent = the program that is named like the package, or its only one. */
  readonly program?: string
  /** A Python version or interpreter, as the launcher takes it. Absent = `python3`. */
  readonly python?: string
  /** For the program. Templates are still in place. */
  readonly args: readonly string[]
  /** npm packages whose install scripts may run; sorted. */
  readonly allowScripts: readonly string[]
}

/** What a launcher command (`npx -y pkg@1.2.3 …`) comes down to once its package is in the store. */
export interface StoredCommand {
  /** The plain binary: absolute. No shell, no npx. */
  readonly command: string
  /** Templates are still in place. */
  readonly args: readonly string[]
  /** Variables that the binary needs; the entry's own win. */
  readonly env: Readonly<Record<string, string>>
  /** Where the package and its interpreter are: read-only for workers. Absolute. */
  readonly directories: readonly string[]
  /** For status: `name@version`. */
  readonly package: string
}

/** The installed packages of launcher commands. One per gateway. */
export interface PackageStore {
  /**
   * The stored form of an entry's command; undefined = it is no launcher, or (in development) its packages are not locked,
   * and it is started as written. Verified against the lock once per process and version. Resolves at once when that was
   * done before.
   * @throws GatewayError GW_UPSTREAM_START if what is in the store is not what the lock says (T46), is missing, or in
   * production is not locked; the reason names the command that mends it
   */
  commandOf (server: ServerSettings): Promise<StoredCommand | undefined>
}
