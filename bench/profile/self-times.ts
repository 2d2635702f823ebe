import { textTable } from '../report/text-table.ts'
import type { CpuProfile, ProfileNode } from './cpu-profile.ts'

/** The part of a profile to look at, microseconds since the profiler started. */
export interface Span {
  readonly fromUs: number
  readonly untilUs: number
}

/**
 * Three tables, shares of busy time: functions by their own time; the same time charged to the nearest caller that is
 * no part of Node (so that a write shows as whose write it was); and summed by place (room, package, Node's own parts).
 */
export function selfTimes (profile: CpuProfile, span: Span, top: number): string {
  const usByNode = timesIn(profile, span)
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const [functions, charged, places] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  let busyUs = 0
  for (const node of profile.nodes) {
    const us = usByNode.get(node.id) ?? 0
    if (us === 0 || node.callFrame.functionName === '(idle)') continue
    busyUs += us
    add(functions, nameOf(node), us)
    add(charged, nameOf(chargedTo(node, parents)), us)
    add(places, placeOf(node), us)
  }
  return [
    table('function, own time', functions, busyUs, top),
    table('function, with what it called in Node', charged, busyUs, top),
    table('place, own time', places, busyUs, top)
  ].join('\n\n')
}

function timesIn ({ samples, timeDeltas }: CpuProfile, { fromUs, untilUs }: Span): Map<number, number> {
  const sums = new Map<number, number>()
  let now = 0
  samples.forEach((id, i) => {
    const us = timeDeltas[i] ?? 0
    now += us
    if (now >= fromUs && now < untilUs) sums.set(id, (sums.get(id) ?? 0) + us)
  })
  return sums
}

function chargedTo (node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): ProfileNode {
  let at: ProfileNode | undefined = node
  while (at !== undefined && !at.callFrame.url.startsWith('file:')) at = parents.get(at.id)
  return at ?? node
}

const add = (sums: Map<string, number>, key: string, us: number) => sums.set(key, (sums.get(key) ?? 0) + us)

function table (title: string, sums: ReadonlyMap<string, number>, busyUs: number, top: number): string {
  const lines = [...sums].sort((a, b) => b[1] - a[1]).slice(0, top)
    .map(([name, us]) => [name, `${(us / busyUs * 100).toFixed(1)} %`, (us / 1000).toFixed(0)])
  return textTable([title, 'of busy', 'ms'], lines, 1)
}

const ROOT = new URL('../../', import.meta.url).href

/** Path inside the project; `node:…` as it is. */
const fileOf = ({ callFrame: { url } }: ProfileNode): string => url.startsWith(ROOT) ? url.slice(ROOT.length) : url.replace(/^file:\/\/.*\//, '…/')

function nameOf (node: ProfileNode): string {
  const file = fileOf(node)
  return `${node.callFrame.functionName || '(anonymous)'}${file === '' ? '' : `  ${file}:${node.callFrame.lineNumber + 1}`}`
}

/** `src/bridge`, `node_modules/fastify`, `node:internal/streams`, V8's own `(garbage collector)`, syscalls as `(native)`. */
function placeOf (node: ProfileNode): string {
  const file = fileOf(node)
  if (file === '') return node.callFrame.functionName.startsWith('(') ? node.callFrame.functionName : '(native)'
  const modules = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)
  return modules === null ? file.split('/').slice(0, 2).join('/') : `node_modules/${modules[1]}`
}
