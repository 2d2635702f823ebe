import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Options } from '../options.ts'
import { rivalVersions } from '../rivals/install.ts'
import { pythonVersions } from '../rivals/python.ts'
import { nginxVersion } from '../rivals/nginx.ts'
import type { Cell } from '../rows/row.ts'
import type { Target } from '../targets/target.ts'
import { chartOf } from './chart.ts'
import { verdict } from './print-report.ts'
import { ratiosOf } from './ratios.ts'

const directory = fileURLToPath(new URL('../results/', import.meta.url))

/** Writes the run to results/<date>-<kind of machine>.json and results/latest.json, with a chart beside: no host name, no path. */
export function saveResults (cells: readonly Cell[], targets: readonly Target[], options: Options, startedAt: Date): void {
  const machine = { cpus: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), cpu: cpus()[0]?.model ?? 'unknown', platform: `${process.platform} ${process.arch}`, kernel: release().split('-')[0] }
  const result = {
    startedAt: startedAt.toISOString(),
    took: `${Math.round((Date.now() - startedAt.getTime()) / 1000)} s`,
    quick: options.quick,
    only: options.only,
    effort: options.effort,
    pinned: (process.env['BENCH_TARGET_CPU'] ?? '') !== '',
    node: process.version,
    machine,
    versions: { fastify: fastifyVersion(), nginx: nginxVersion(), ...rivalVersions(), ...pythonVersions() },
    targets: targets.map(({ id, label, children, users }) => ({ id, label, children, users })),
    ratios: ratiosOf(cells, targets).map((ratio) => ({ ...ratio, value: round(ratio.value), verdict: verdict(ratio) })),
    cells: cells.map((cell) => ({ ...cell, note: cell.note && withoutPaths(cell.note) }))
  }
  const text = JSON.stringify(result, (_, value: unknown) => typeof value === 'number' ? round(value) : value, 1) + '\n'
  const name = `${startedAt.toISOString().slice(0, 10)}-${process.platform}-${process.arch}-${machine.cpus}cpu.json`
  mkdirSync(directory, { recursive: true })
  for (const file of [name, 'latest.json']) writeFileSync(`${directory}${file}`, text)
  writeFileSync(`${directory}latest.svg`, chartOf(cells, targets))
  process.stderr.write(`wrote bench/results/${name} bench/results/latest.json and latest.svg\n`)
}

const round = (value: number): number => Number(value.toPrecision(6))

/** Messages of failed programs may name files of this machine. */
const withoutPaths = (note: string): string => note.replace(/(?:file:\/\/)?(?:\/[\w.@+-]+){2,}/g, '<file>').slice(0, 400)

function fastifyVersion (): string {
  const lock = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { dependencies: Record<string, string> }
  return lock.dependencies['fastify'] ?? 'unknown'
}
