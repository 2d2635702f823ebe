import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { createMemorySteps, type MemorySteps } from '../src/limits/index.ts'

/**
 * Steps over this process's memory: against the limit of its cgroup, or without one the host's memory, and against that of
 * the JavaScript heap. Several processes of one gateway share the limit.
 */
export function processMemory (processes: number): MemorySteps {
  const limits = { residentBytes: limitBytes() / processes, heapBytes: getHeapStatistics().heap_size_limit }
  return createMemorySteps(limits, () => ({ residentBytes: residentBytes(), heapBytes: getHeapStatistics().used_heap_size }))
}

/** 0 where it cannot be told: asking takes a descriptor, and there may be none left (FR34). */
function residentBytes (): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0
  }
}

/** Without a limit the runtime says 0, or a number beyond any memory. */
function limitBytes (): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
