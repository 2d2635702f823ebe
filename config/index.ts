/**
 * config: what an operator can set, read, validated, checked and frozen.
 *
 * Owns: the file formats, `include`, `${ENV}`, the schema, names, defaults, and every check that can be made before the
 * first request. Makes one `Settings` snapshot, or a list of all faults.
 * Never: starts anything, keeps state between calls, reads `process.env` itself (it is handed in), expands a value twice,
 * or sees tenant data.
 * Called by: src/cli and server.ts. Nothing else in src may import it.
 * Sources: interface (configuration, environment), rulings 1, 2, 5 and 6, T46, T56, T62.
 * Fails: by returning faults, each naming its key; never by throwing for what an operator wrote.
 * Metrics: none.
 */
export { loadSettings } from './load-settings.ts'
export type { LoadOptions } from './load-settings.ts'
export type { ConfigFault } from './fault.ts'
export { ENVIRONMENT } from './environment.ts'
export type { ConfigFlags } from './environment.ts'
export type { Environment } from './secret-lookup.ts'
export { hasCredentials } from './settings/exposure-checks.ts'
export { isLoopback, urlHost } from './settings/addresses.ts'
export { deepFreeze } from './settings/freeze.ts'
export { nearest } from './check/did-you-mean.ts'
export { watchFiles } from './watch-files.ts'
export type { FileWatch } from './watch-files.ts'
export { readConfigFile } from './read-config-file.ts'
export { SERVER_ENTRY_KEYS } from './schema/server-entry.ts'
