import type { ResourceLimits, ResourceSupport } from './types.ts'

const BY = { cgroup2: 'control groups v2', cgroup1: 'control groups v1', prlimit: 'limits of each process' } as const

/** What is enforced of a worker's limits, in words; what was asked for and cannot be is named. */
export function describeLimits ({ kind, controllers }: ResourceSupport, { memoryMb, cpu, pids, ownUser = false }: ResourceLimits): string {
  const isCounted = controllers.includes('pids') || ownUser
  const memory = memoryMb === undefined ? [] : [controllers.includes('memory') ? `memory ${memoryMb} MiB` : `memory about ${memoryMb} MiB per process`]
  const time = cpu === undefined ? [] : [controllers.includes('cpu') ? `cpu ${cpu}` : 'cpu not bounded']
  return `${[...memory, ...time, isCounted ? `${pids} processes` : 'processes not bounded'].join(', ')} (${BY[kind]})`
}
