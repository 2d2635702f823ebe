import type { Cell } from '../rows/row.ts'
import type { Target } from '../targets/target.ts'

/** One bar: a target's figure in a row. */
interface Bar {
  readonly label: string
  readonly value: number
  readonly ours: boolean
}

interface Panel {
  readonly title: string
  readonly row: string
  readonly figure: string
  readonly unit: string
  /** Longest bars first, or shortest. */
  readonly better: 'more' | 'less'
}

const PANELS: readonly Panel[] = [
  { title: 'stdio server, 100 sessions, 64 calls under way: calls per second', row: 's100c64', figure: 'callsPerSecond', unit: '/s', better: 'more' },
  { title: 'the same: CPU of the gateway per call', row: 's100c64', figure: 'gatewayCpuUs', unit: 'µs', better: 'less' },
  { title: '2026-07-28 clients, stdio server: calls per second', row: 'modern-s100c64', figure: 'callsPerSecond', unit: '/s', better: 'more' },
  { title: 'HTTP server behind: calls per second', row: 'http-s100c64', figure: 'callsPerSecond', unit: '/s', better: 'more' },
  { title: '1 MiB in and out: calls per second', row: '1MiB', figure: 'callsPerSecond', unit: '/s', better: 'more' },
  { title: 'first call of a new user, server-everything', row: 'first-call', figure: 'firstCallMs', unit: 'ms', better: 'less' },
  { title: 'a stdio server per user: first call, cold', row: 'users', figure: 'coldFirstCallP50Ms', unit: 'ms', better: 'less' }
]

const [WIDTH, LABEL, VALUE, BAR, GAP, HEAD] = [860, 250, 90, 16, 6, 40]

/** The figures that people ask for first, as one SVG without script or font of its own; readable on light and dark pages. */
export function chartOf (cells: readonly Cell[], targets: readonly Target[]): string {
  const family = new Map(targets.map(({ id, family }) => [id, family]))
  let y = 0
  const drawn: string[] = []
  for (const panel of PANELS) {
    const bars = barsOf(panel, cells, family)
    if (bars.length < 2) continue
    drawn.push(drawPanel(panel, bars, y))
    y += HEAD + bars.length * (BAR + GAP) + GAP
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="system-ui, sans-serif" font-size="12">\n` +
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>\n${drawn.join('\n')}\n</svg>\n`
}

function barsOf (panel: Panel, cells: readonly Cell[], family: ReadonlyMap<string, string>): Bar[] {
  const bars = cells.filter(({ row }) => row === panel.row).flatMap(({ target, median }) => {
    const value = median[panel.figure]
    const isOurs = target.startsWith('drawbridge')
    return value === undefined || !(value > 0) || family.get(target) === 'fastify' ? [] : [{ label: target, value, ours: isOurs }]
  })
  return bars.sort((a, b) => panel.better === 'more' ? b.value - a.value : a.value - b.value)
}

function drawPanel ({ title, unit, better }: Panel, bars: readonly Bar[], top: number): string {
  const most = Math.max(...bars.map(({ value }) => value))
  const lines = bars.map(({ label, value, ours }, index) => {
    const y = top + HEAD + index * (BAR + GAP)
    const length = Math.max(1, value / most * (WIDTH - LABEL - VALUE))
    return `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end" fill="#24292f"${ours ? ' font-weight="bold"' : ''}>${label}</text>` +
      `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" fill="${ours ? '#0969da' : '#8c959f'}"/>` +
      `<text x="${(LABEL + length + 6).toFixed(1)}" y="${y + 12}" fill="#24292f">${short(value)} ${unit}</text>`
  })
  return `<text x="8" y="${top + 24}" font-size="14" font-weight="bold" fill="#24292f">${title} (${better} is better)</text>\n${lines.join('\n')}`
}

const short = (value: number): string => value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
