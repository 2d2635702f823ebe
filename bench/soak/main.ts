// A long run under a mixed load, and whether anything grows: `npm run soak -- --minutes 30`. See README.md.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createDriver } from '../load/driver.ts'
import { stopAll } from '../machine/launch.ts'
import { readMemoryKiB, readTree } from '../machine/process-tree.ts'
import { workDir } from '../rivals/install.ts'
import { number, textTable } from '../report/text-table.ts'
import { backendCommand } from '../targets/backends.ts'
import { drawbridge } from '../targets/drawbridge.ts'
import { slopePerHour } from './slope.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, users: { type: 'string', default: '20' }, sandbox: { type: 'string', default: 'none' } } })
const USERS = Number(values.users)
const FOR_MS = Number(values.minutes) * 60_000
/** Before the first sample: code is compiled, pools and caches fill up. */
const WARM_MS = Math.min(120_000, FOR_MS / 5)
const ROUND_MS = 5000
const SETTLE_MS = 2000

interface Sample { readonly atMs: number, readonly rssMiB: number, readonly descriptors: number, readonly pids: number }

const samples: Sample[] = []
let [calls, errors, mixups, visits, failed] = [0, 0, 0, 0, 0]

async function soak (): Promise<void> {
  mkdirSync(workDir, { recursive: true })
  const sandbox = values.sandbox === 'namespace' ? 'namespace' : 'none'
  const target = drawbridge({ id: 'soaked', isolation: 'user', credentials: 'API keys', users: USERS, idleMs: ROUND_MS, maxSessions: 1000, warm: 2, sandbox })
  const driver = createDriver()
  try {
    const started = await target.start(backendCommand('echo'))
    const startedAt = performance.now()
    for (let sinceMs = 0; sinceMs < FOR_MS; sinceMs = performance.now() - startedAt) {
      // People at work, then people who come, call once and leave or vanish; workers grow idle and are ended in between.
      await driver.open(started.endpoint, USERS * 2, { streams: true })
      const report = await driver.run({ concurrency: USERS, payloadBytes: 1000, warmMs: 0, forMs: ROUND_MS, maxCalls: 0 })
      await driver.close('delete')
      const came = await driver.cycles({ endpoint: started.endpoint, count: USERS, atOnce: 4, end: visits % 2 === 0 ? 'delete' : 'drop' })
      calls += report.calls
      errors += report.errors
      mixups += report.mixups
      visits += came.done
      failed += came.failed
      await wait(SETTLE_MS)
      if (sinceMs >= WARM_MS) samples.push(look(sinceMs, started.process.pid, started.process.tag))
      if (process.stderr.isTTY || samples.length % 12 === 1) say(sinceMs)
    }
    print()
  } finally {
    driver.stop()
    await stopAll()
  }
}

function look (atMs: number, pid: number, tag: string): Sample {
  const { gatewayPids, backendPids } = readTree(pid, tag)
  return { atMs, rssMiB: readMemoryKiB([pid]).anonymous / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length, pids: gatewayPids.length + backendPids.length }
}

function say (sinceMs: number): void {
  const last = samples.at(-1)
  process.stderr.write(`${(sinceMs / 60_000).toFixed(1)} min: ${calls} calls, ${last === undefined ? 'warming up' : `${last.rssMiB.toFixed(1)} MiB, ${last.descriptors} descriptors, ${last.pids} processes`}\n`)
}

function print (): void {
  const line = (name: string, of: (sample: Sample) => number): string[] => [name, number(of(samples[0] ?? NOTHING)), number(of(samples.at(-1) ?? NOTHING)), number(slopePerHour(samples.map((sample) => [sample.atMs, of(sample)])))]
  const lines = [line('gateway memory, MiB', ({ rssMiB }) => rssMiB), line('gateway descriptors', ({ descriptors }) => descriptors), line('processes', ({ pids }) => pids)]
  process.stdout.write(`${values.minutes} minutes, ${USERS} users: ${calls} calls, ${errors} errors, ${mixups} mixups; ${visits} visits, ${failed} failed\n\n${textTable(['', 'first', 'last', 'per hour'], lines, 1)}\n`)
  const result = { minutes: Number(values.minutes), users: USERS, sandbox: values.sandbox, calls, errors, mixups, visits, failed, samples }
  const directory = fileURLToPath(new URL('../results/', import.meta.url))
  mkdirSync(directory, { recursive: true })
  writeFileSync(`${directory}soak.json`, `${JSON.stringify(result, (_, value: unknown) => typeof value === 'number' ? Number(value.toPrecision(6)) : value, 1)}\n`)
}

const NOTHING: Sample = { atMs: 0, rssMiB: Number.NaN, descriptors: Number.NaN, pids: Number.NaN }

await soak()
