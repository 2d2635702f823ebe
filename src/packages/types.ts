import type { ServerSettings } from '../shared/settings.ts'

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
   * The stored form of an entry's command; undefined = it is no launcher, or its packages are not locked, and it is started as
   * written. Verified against the lock once per process and version. Resolves at once when that was done before.
   * @throws GatewayError GW_UPSTREAM_START if what is in the store is not what the lock says (T46), or is missing; the reason names the command that mends it
   */
  commandOf (server: ServerSettings): Promise<StoredCommand | undefined>
}
