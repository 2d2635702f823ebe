import { DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard, DashboardLink, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { createAnnotations } from './annotations.ts'
import { createVariable, type VariableName } from './variables.ts'

/** Panels side by side under a heading. */
export interface Shelf {
  readonly heading: string
  /** In Grafana's grid units, 30 pixels each: 4 for figures, 8 for charts. */
  readonly height: number
  /** As many as divide 24. A shelf without panels is a heading only. */
  readonly panels: readonly Panel[]
  /** Widths of the panels, 24 together. Default: all the same. */
  readonly widths?: readonly number[]
}

export interface DashboardFacts {
  /** Name of the file, and with `drawbridge-` before it the uid in links. */
  readonly name: string
  readonly title: string
  /** Which question the dashboard answers. */
  readonly about: string
  readonly variables: readonly VariableName[]
  readonly shelves: readonly Shelf[]
  /** Time shown at first. Default: the last hour. */
  readonly from?: string
}

/** Columns of Grafana's grid. */
const GRID = 24
/** On every dashboard, so that each finds the others. */
const TAG = 'drawbridge'
/** Grafana's own page of the rules that Prometheus evaluates, with the annotations of each. */
const ALERTS_PAGE = '/alerting/list'

/** One dashboard, laid out: ids and places of panels follow from their order. @throws when a shelf does not fill the grid */
export function createDashboard ({ name, title, about, variables, shelves, from = 'now-1h' }: DashboardFacts): Dashboard {
  const builder = new DashboardBuilder(`Drawbridge: ${title}`)
    .uid(uidOf(name))
    .description(`${about} What to do when something is red: docs/operations/dashboards.md#${name}`)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .refresh('30s')
    .annotations(createAnnotations())
    .links(links().map((link) => ({ build: () => link })))
    .variables(variables.map((variable) => createVariable(variable)))
  let y = 0
  let id = 0
  for (const { heading, height, panels, widths } of shelves) {
    const row = new RowBuilder(heading).id(++id).collapsed(false).gridPos({ x: 0, y: y++, w: GRID, h: 1 }).build()
    builder.withRow({ build: () => ({ ...row, panels: [] }) })
    let x = 0
    for (const [at, w] of widthsOf(heading, panels.length, widths).entries()) {
      const panel: Panel = { ...panels[at], type: panels[at]?.type ?? '', id: ++id, gridPos: { x, y, w, h: height } }
      builder.withPanel({ build: () => panel })
      x += w
    }
    y += height
  }
  return builder.build()
}

/** By which other dashboards link to it. */
export function uidOf (name: string): string {
  return `drawbridge-${name}`
}

function widthsOf (heading: string, count: number, widths: readonly number[] = Array.from({ length: count }, () => GRID / count)): readonly number[] {
  const isFull = widths.reduce((sum, width) => sum + width, 0) === GRID && widths.every((width) => Number.isInteger(width))
  if (!isFull || widths.length !== count) throw new Error(`the panels of "${heading}" are not ${GRID} columns wide`)
  return widths
}

/** At the top, where they are seen: the builder would put them into a menu. */
function links (): DashboardLink[] {
  return [
    new DashboardLinkBuilder('Dashboards').type(DashboardLinkType.Dashboards).tags([TAG]).asDropdown(true).keepTime(true).includeVars(true).icon('external link').tooltip('The other dashboards, at the same time'),
    new DashboardLinkBuilder('Alerts').type(DashboardLinkType.Link).url(ALERTS_PAGE).icon('bolt').tooltip('Every alert with its runbook_url: the section of docs/operations/on-call.md that says what to do')
  ].map((link) => {
    const { placement: _menu, ...shown } = link.build()
    return shown
  })
}
