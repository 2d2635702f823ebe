/**
 * sandbox: what a worker may see, reach and use up.
 *
 * Owns: what this host can enforce, the command line that contains a process, its view of the files, its user, its resource
 * limits, its network, its filter of system calls, and what is left of it when it has ended.
 * Never: decides who may use a worker; starts the worker itself (stdio-pool does); knows MCP.
 * Called by: stdio-pool (contain each start, through composition); cli (doctor); plugins (composition).
 * Sources: T40-T44; rulings 1.
 * Fails: GW_CONFIG when a level named by an entry cannot be had on this host, or `auto` is too weak for production;
 * GW_UPSTREAM_START when the command is not there or this one start could not be contained.
 */
export type * from './types.ts'
export type * from './host-support.ts'
export type { EgressEvents, EgressOptions, EgressRefusal } from './egress/index.ts'
export type { ExceededLimit, ResourceEvents } from './resources/index.ts'
export type { HiddenPaths } from './namespace/view.ts'
export type { SandboxOptions } from './create-sandbox.ts'
export { describeSupport, isWeaker } from './host-support.ts'
export { isEngine } from './choose-level.ts'
export { createSandbox } from './create-sandbox.ts'
export { probeHost } from './probe-host.ts'
