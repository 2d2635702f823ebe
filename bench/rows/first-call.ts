import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../load/percentile.ts'
import { rivalFile, rivalVersions, workDir } from '../rivals/install.ts'
import { backendCommand } from '../targets/backends.ts'
import { firstCallers } from '../targets/index.ts'
import type { Target } from '../targets/target.ts'
import { cellOf } from './cell.ts'
import { firstLineOf, messageOf } from './failure.ts'
import type { Bench, Cell, Figures } from './row.ts'

const NEWCOMERS = 20
/** People do not come in a burst: twice the time that a new spare takes to be ready. */
const EVERY_MS = 600
/** npx downloads when its cache is cold. */
const DIRECT_WITHIN_MS = 120_000
const PACKAGE = '@modelcontextprotocol/server-everything'

/**
 * The first call of somebody new, on the real server-everything: connecting, initialize and one tools/call, one newcomer every
 * 600 ms. Beside the gateways what the same costs a client of its own: the plain binary, and npx with a warm and a cold cache.
 */
export async function measureFirstCall (bench: Bench): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const way of directWays()) cells.push(await direct(bench, way))
  for (const target of firstCallers) cells.push(await through(bench, target))
  return cells
}

async function through ({ driver, effort, say }: Bench, target: Target): Promise<Cell> {
  const samples: Figures[] = []
  let note: string | undefined
  try {
    for (let round = 0; round < effort.repeats; round++) {
      const started = await target.start(backendCommand('everything'))
      try {
        // The first of all pays for what the gateway compiles and connects once; the spares get their time to be ready.
        await driver.open({ ...started.endpoint, credentials: started.endpoint.credentials.slice(-1) }, 1, { atOnce: 1, firstCall: true, everyMs: 3000 })
        await driver.close('delete')
        const { p50Ms, firstCallP50Ms, firstCallP99Ms } = await driver.open(started.endpoint, NEWCOMERS, { atOnce: 1, firstCall: true, everyMs: EVERY_MS })
        await driver.close('delete')
        samples.push({ initializeMs: p50Ms, firstCallMs: firstCallP50Ms, firstCallP99Ms })
      } finally {
        await started.process.stop()
      }
    }
  } catch (error) {
    note = messageOf(error)
  }
  say(`first-call ${target.id}: ${note === undefined ? `p50 ${median(samples.map(({ firstCallMs = Number.NaN }) => firstCallMs)).toFixed(1)} ms` : firstLineOf(note)}`)
  return cellOf('first-call', target, { backend: 'everything', sessions: NEWCOMERS, samples, note })
}

interface DirectWay {
  readonly id: string
  readonly label: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Before each start. */
  readonly prepare: () => void
}

function directWays (): DirectWay[] {
  const npx = ['npx', '-y', `${PACKAGE}@${rivalVersions()[PACKAGE] ?? 'latest'}`, 'stdio']
  const cache = (name: string): string => join(workDir, 'npm-cache', name)
  const empty = (name: string) => () => { rmSync(cache(name), { recursive: true, force: true }); mkdirSync(cache(name), { recursive: true }) }
  return [
    { id: 'plain-binary', label: 'a client of its own: node <bin>', command: [process.execPath, rivalFile(`${PACKAGE}/dist/index.js`), 'stdio'], env: {}, prepare: () => {} },
    { id: 'npx-warm', label: 'a client of its own: npx, warm cache', command: npx, env: { npm_config_cache: cache('warm') }, prepare: () => {} },
    { id: 'npx-cold', label: 'a client of its own: npx, empty cache', command: npx, env: { npm_config_cache: cache('cold') }, prepare: empty('cold') }
  ]
}

/** The first start fills npx's cache and does not count. */
async function direct ({ effort, say }: Bench, way: DirectWay): Promise<Cell> {
  const target: Target = { id: way.id, family: 'direct', label: way.label, children: 'session', takes: [], users: 0, maxSessions: 1, start: () => Promise.reject(new Error('has no port')) }
  const samples: Figures[] = []
  let note: string | undefined
  try {
    for (let round = 0; round <= effort.repeats; round++) {
      way.prepare()
      const figures = await firstCallOf(way)
      if (round > 0) samples.push(figures)
    }
  } catch (error) {
    note = messageOf(error)
  }
  say(`first-call ${way.id}: ${note === undefined ? `${median(samples.map(({ firstCallMs = Number.NaN }) => firstCallMs)).toFixed(0)} ms` : firstLineOf(note)}`)
  return cellOf('first-call', target, { backend: 'everything', sessions: 1, samples, note })
}

async function firstCallOf ({ command, env }: DirectWay): Promise<Figures> {
  const cpu = process.env['BENCH_TARGET_CPU'] ?? ''
  const program = fileURLToPath(new URL('../programs/first-call.mjs', import.meta.url))
  const [first = '', ...rest] = [...(cpu === '' ? [] : ['taskset', '-c', cpu]), process.execPath, program, ...command]
  const { stdout } = await promisify(execFile)(first, rest, { timeout: DIRECT_WITHIN_MS, env: { ...process.env, ...env } })
  return JSON.parse(stdout) as Figures
}
