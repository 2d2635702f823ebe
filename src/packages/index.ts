/**
 * packages: what `npx`, `uvx` and their like would fetch, fetched once.
 *
 * Owns: the lock file beside the configuration, the read-only store, resolving, installing and verifying packages; what
 * launcher commands mean.
 * Never: starts a server; runs an install script that the operator did not allow; contacts a registry while serving.
 * Called by: stdio-pool and upstream (which command to start), config (what is pinned and locked), cli (`drawbridge packages`, doctor).
 * Sources: T43, T46; rulings 6.
 * Fails: GW_UPSTREAM_START when the store does not hold what the lock says.
 */
export type * from './types.ts'
export { hiddenLauncher } from './hidden-launcher.ts'
export { isInstalled } from './installed.ts'
export type { InstallContext } from './install-context.ts'
export { lockFileOf, readLock } from './lock-file.ts'
export { lockedFor } from './locked-for.ts'
export { installLocked, lockServers, rollBack } from './lock-servers.ts'
export type { LockOutcome } from './lock-servers.ts'
export type { PackageLock } from './lock-types.ts'
export { findOutdated } from './outdated.ts'
export type { PackageAge } from './outdated.ts'
export { reasonOf } from './package-fault.ts'
export { packageRequestOf } from './package-request.ts'
export { isLauncher, isPinned, packagesOf } from './package-use.ts'
export { createPackageStore } from './store.ts'
