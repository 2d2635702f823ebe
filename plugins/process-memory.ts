import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { createMemorySteps, type MemorySteps } from '../src/limits/index.ts'

/**
 * Steps over this process's memory: against the limit of its cgroup, or without one the host's memory, and against that of
 * the JavaScript heap. Several processes of one gateway share the limit.
 */
export function processMemory (processes: number): MemorySteps {
  const limits = { residentBytes: limitBytes() / processes, heapBytes: getHeapStatistics().heap_size_limit }
  return createMemorySteps(limits, () => ({ residentBytes: process.memoryUsage.rss(), heapBytes: getHeapStatistics().used_heap_size }))
}

/** Without a limit the runtime says 0, or a number beyond any memory. */
function limitBytes (): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
