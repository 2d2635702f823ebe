import { textTable } from '../report/text-table.ts'
import type { CpuProfile } from './cpu-profile.ts'

/** Two tables: functions by self time, and the same summed by place (room, package, Node's own). Shares are of busy time. */
export function selfTimes (profile: CpuProfile, top: number): string {
  const byNode = new Map<number, number>()
  profile.samples.forEach((id, i) => { byNode.set(id, (byNode.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0)) })
  const functions = new Map<string, number>()
  const places = new Map<string, number>()
  let busyUs = 0
  for (const { id, callFrame } of profile.nodes) {
    const us = byNode.get(id) ?? 0
    if (callFrame.functionName === '(idle)' || us === 0) continue
    busyUs += us
    const file = shortFile(callFrame.url)
    add(functions, `${callFrame.functionName || '(anonymous)'}  ${file}${file === '' ? '' : `:${callFrame.lineNumber + 1}`}`, us)
    add(places, placeOf(file, callFrame.functionName), us)
  }
  return [table('function', functions, busyUs, top), '', table('place', places, busyUs, top)].join('\n')
}

const add = (sums: Map<string, number>, key: string, us: number) => sums.set(key, (sums.get(key) ?? 0) + us)

function table (title: string, sums: ReadonlyMap<string, number>, busyUs: number, top: number): string {
  const lines = [...sums].sort((a, b) => b[1] - a[1]).slice(0, top)
    .map(([name, us]) => [name, `${(us / busyUs * 100).toFixed(1)} %`, (us / 1000).toFixed(0)])
  return textTable([title, 'of busy', 'ms'], lines, 1)
}

const ROOT = new URL('../../', import.meta.url).href

/** Path inside the project; `node:…` as it is. */
const shortFile = (url: string): string => url.startsWith(ROOT) ? url.slice(ROOT.length) : url.replace(/^file:\/\/.*\//, '…/')

/** `src/bridge`, `node_modules/fastify`, `node:internal`, or V8's own `(garbage collector)` and syscalls as `(native)`. */
function placeOf (file: string, functionName: string): string {
  if (file === '') return functionName.startsWith('(') ? functionName : '(native)'
  const modules = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules\/)/.exec(file)
  if (modules !== null) return `node_modules/${modules[1]}`
  if (file.startsWith('node:')) return file.split('/').slice(0, 2).join('/')
  return file.split('/').slice(0, 2).join('/')
}
