/**
 * packages: what `npx`, `uvx` and their like would fetch, fetched once.
 *
 * Owns: the lock file beside the configuration, the read-only store, resolving, installing and verifying packages.
 * Never: starts a server; runs an install script that the operator did not allow; contacts a registry while serving.
 * Called by: stdio-pool and upstream (which command to start), cli (`drawbridge packages`, doctor, check).
 * Sources: T43, T46; rulings 6.
 * Fails: GW_UPSTREAM_START when the store does not hold what the lock says.
 */
export type * from './types.ts'
