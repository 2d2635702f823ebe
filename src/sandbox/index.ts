/**
 * sandbox: what a worker may see, reach and use up.
 *
 * Owns: what this host can enforce, the command line that contains a process, its resource limits, its network and what is
 * left of it when it has ended.
 * Never: decides who may use a worker; starts the worker itself (stdio-pool does); knows MCP.
 * Called by: stdio-pool (contain each start); cli (doctor); plugins (composition).
 * Sources: T40-T44; rulings 1.
 * Fails: GW_CONFIG when a level named by an entry cannot be had on this host.
 */
export type * from './types.ts'
