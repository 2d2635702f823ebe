import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GroupParent, ResourceLimits } from './types.ts'

const MIB = 1_048_576
/** Time over which CPU use is evened out; the kernel's default. Microseconds. */
const CPU_PERIOD_US = 100_000
/** The kernel takes no shorter quota. */
const MIN_CPU_QUOTA_US = 1_000

/** Writes a worker's limits into its group of one hierarchy. @throws the system's error when the kernel does not take one */
export async function writeGroupLimits (kind: 'cgroup1' | 'cgroup2', group: string, { controllers }: GroupParent, limits: ResourceLimits): Promise<void> {
  const values = kind === 'cgroup2' ? unifiedValues(limits) : legacyValues(limits)
  for (const [controller, file, value, isOptional] of values) {
    if (!controllers.includes(controller)) continue
    const written = writeFile(join(group, file), value)
    // Older kernels, and those without swap accounting, have no such file.
    await (isOptional === true ? written.catch(() => {}) : written)
  }
}

type Value = readonly [controller: 'memory' | 'cpu' | 'pids', file: string, value: string, isOptional?: boolean]

/** Swap is part of the worker's memory, so that the limit bounds what it uses and not where. `oom.group`: half a worker is none. */
function unifiedValues ({ memoryMb, cpu, pids }: ResourceLimits): Value[] {
  return [
    ...memoryMb === undefined ? [] : [['memory', 'memory.max', String(memoryMb * MIB)], ['memory', 'memory.swap.max', '0', true], ['memory', 'memory.oom.group', '1', true]] satisfies Value[],
    ...cpu === undefined ? [] : [['cpu', 'cpu.max', `${quotaUs(cpu)} ${CPU_PERIOD_US}`]] satisfies Value[],
    ['pids', 'pids.max', String(pids)]
  ]
}

/** `memsw` = memory and swap together, never below the limit of memory, so it comes second. */
function legacyValues ({ memoryMb, cpu, pids }: ResourceLimits): Value[] {
  return [
    ...memoryMb === undefined ? [] : [['memory', 'memory.limit_in_bytes', String(memoryMb * MIB)], ['memory', 'memory.memsw.limit_in_bytes', String(memoryMb * MIB), true]] satisfies Value[],
    ...cpu === undefined ? [] : [['cpu', 'cpu.cfs_period_us', String(CPU_PERIOD_US)], ['cpu', 'cpu.cfs_quota_us', String(quotaUs(cpu))]] satisfies Value[],
    ['pids', 'pids.max', String(pids)]
  ]
}

function quotaUs (cpu: number): number {
  return Math.max(MIN_CPU_QUOTA_US, Math.round(cpu * CPU_PERIOD_US))
}
