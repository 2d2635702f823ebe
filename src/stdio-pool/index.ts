/**
 * stdio-pool: the processes of stdio servers, from the entry in the configuration to the last zombie.
 *
 * Owns: launches (templates, environment, directories), spawning by argv, one process group per worker, line framing,
 * stdin back-pressure, the tail of stderr, the order of ending, bounds on workers, and the supervisor that ends
 * everything when the gateway itself is killed.
 * Never: runs a shell on an operator's or caller's text; reads process.env; knows MCP beyond "one JSON object per line";
 * decides who may use a worker or when one is idle; logs what a process wrote.
 * Called by: src/upstream (launch, start, bind, send, stop); plugins/app (create, close).
 * Sources: MCP 2025-11-25 basic/transports (stdio) and basic/lifecycle (shutdown); rulings 1; T38-T45; FR01-FR10.
 * Fails: GW_CONFIG (template without identity), GW_LIMIT_WORKERS, GW_UPSTREAM_START, GW_CANCELLED, GW_DRAINING; a worker
 * that ends says so through `exited`, with a reason from a closed set.
 * Metrics: through PoolEvents (workers by server, exits by reason, protocol errors by kind, stderr bytes).
 */
export type * from './types.ts'
export type * from './pool-options.ts'
export type { HostEnvironment } from './host-environment.ts'
export type { LaunchInstance } from './prepare-launch.ts'
export type { LaunchIdentity } from './template.ts'
export { BASE_VARIABLES, CONTAINER_VARIABLES, NPM_VARIABLES, PYTHON_VARIABLES, readHostEnvironment } from './host-environment.ts'
export { launcherFamily } from './launcher-environment.ts'
export { prepareLaunch } from './prepare-launch.ts'
export { TAG_VARIABLE, createWorkerPool } from './pool.ts'
export { createDemand, type Demand } from './demand.ts'
export { isTemplated } from './template.ts'
export { lateDirectories, mountsLate, prepareLateLaunch, templatePlaces, whyNoLateMounts } from './late-launch.ts'
export { createResidentMemory, type ResidentMemory } from './resident-memory.ts'
export { drawLife, OVERDUE, wornBy, type RecycleReason, type WorkerLife, type WorkerWear } from './recycling.ts'
export { countsAgainst } from './worker-counts.ts'
