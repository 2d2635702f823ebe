import type { RunReport } from '../load/messages.ts'
import { readCpuBusyMs, readTree } from '../machine/process-tree.ts'
import type { Started } from '../targets/target.ts'
import type { Bench, Figures } from './row.ts'

export interface WindowOrder {
  readonly concurrency: number
  readonly payloadBytes: number
}

/** A measured window, and the first thing that went wrong in it. */
export interface Window {
  readonly figures: Figures
  readonly firstError: string | undefined
}

/** Runs the load on the open sessions; a window disturbed by other processes is measured again, the quietest counts. */
export async function measureWindow (bench: Bench, started: Started, order: WindowOrder): Promise<Window> {
  let best: Window | undefined
  for (let attempt = 0; attempt < 2; attempt++) {
    const window = await oneWindow(bench, started, order)
    if (best === undefined || foreign(window) < foreign(best)) best = window
    if (foreign(best) <= bench.effort.remeasureAbove) break
  }
  if (best === undefined) throw new Error('nothing was measured')
  return best
}

const foreign = (window: Window): number => window.figures['foreignCpuShare'] ?? 0

async function oneWindow ({ driver, effort }: Bench, { process: { pid, tag } }: Started, order: WindowOrder): Promise<Window> {
  const readings: Reading[] = []
  const report = await driver.run({ ...order, warmMs: effort.warmMs, forMs: effort.forMs, maxCalls: 0 }, () => { readings.push(read(pid, tag)) })
  const [before, after] = readings
  if (before === undefined || after === undefined) throw new Error('the window had no edges')
  return { figures: figuresOf(report, before, after), firstError: report.firstError }
}

interface Reading extends ReturnType<typeof readTree> {
  readonly busyMs: number | undefined
  readonly at: number
}

function read (pid: number, tag: string): Reading {
  const cpu = process.env['BENCH_TARGET_CPU'] ?? ''
  const at = performance.now()
  return { ...readTree(pid, tag), busyMs: cpu === '' ? undefined : readCpuBusyMs(Number(cpu)), at }
}

function figuresOf (report: RunReport, before: Reading, after: Reading): Figures {
  const perCallUs = (ms: number) => report.calls === 0 ? Number.NaN : ms * 1000 / report.calls
  const treeMs = after.treeMs - before.treeMs
  const figures = {
    callsPerSecond: report.callsPerSecond,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    rootCpuUs: perCallUs(after.rootMs - before.rootMs),
    gatewayCpuUs: perCallUs(after.gatewayMs - before.gatewayMs),
    serverCpuUs: perCallUs(after.serverMs - before.serverMs),
    treeCpuUs: perCallUs(treeMs),
    calls: report.calls,
    errors: report.errors,
    mixups: report.mixups
  }
  if (before.busyMs === undefined || after.busyMs === undefined) return figures
  const othersMs = after.busyMs - before.busyMs - treeMs
  return { ...figures, foreignCpuShare: Math.max(0, othersMs / (after.at - before.at)) }
}
