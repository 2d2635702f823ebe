import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../load/percentile.ts'
import type { Bench, Cell, Figures } from './row.ts'

/** The latency floor: parent and echo server over a pipe, on the targets' CPU, one call at a time. */
export async function measureStdioFloor ({ effort, say }: Bench): Promise<Cell> {
  const file = (name: string) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url))
  const cpu = process.env['BENCH_TARGET_CPU'] ?? ''
  const [command = '', ...args] = [...(cpu === '' ? [] : ['taskset', '-c', cpu]), process.execPath, file('stdio-ping-pong.mjs'), file('echo-server.mjs'), '1000']
  const samples: Figures[] = []
  for (let round = 1; round <= effort.repeats; round++) {
    const { stdout } = await promisify(execFile)(command, args, { timeout: 20_000 })
    samples.push(JSON.parse(stdout) as Figures)
  }
  const medians = Object.fromEntries(Object.keys(samples[0] ?? {}).map((name) => [name, median(samples.map((sample) => sample[name] ?? Number.NaN))]))
  say(`stdio floor: p50 ${medians['p50Ms']?.toFixed(3)} ms`)
  return { row: 'stdio-floor', target: 'stdio', backend: 'echo', sessions: 1, users: 0, children: 'none', samples, median: medians }
}
