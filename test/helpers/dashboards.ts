import { readdirSync, readFileSync } from 'node:fs'

/** A query of a committed dashboard. */
export interface DashboardQuery {
  readonly dashboard: string
  readonly panel: string
  /** As it stands in the file. */
  readonly expression: string
  /** With values in place of Grafana's variables, as Prometheus gets it. */
  readonly asked: string
}

/** A panel as its file holds it, as far as tests look at it. */
export interface CommittedPanel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number, readonly y: number, readonly w: number, readonly h: number }
  readonly targets?: ReadonlyArray<{ readonly expr: string, readonly refId: string }>
  readonly [key: string]: unknown
}

export interface CommittedDashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly panels: readonly CommittedPanel[]
  readonly annotations: { readonly list: ReadonlyArray<{ readonly name: string, readonly expr: string }> }
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string, readonly query: { readonly query: string } }> }
}

const folder = new URL('../../grafana/dashboards/', import.meta.url)

/** All chosen, over an hour, drawn from scrapes 15 s apart. */
const VALUES: ReadonlyArray<readonly [RegExp, string]> = [[/\$__rate_interval/g, '1m'], [/\$__range/g, '1h'], [/\$__interval/g, '15s'], [/\$(?:replica|server|tenant)\b/g, '.*']]

/** The committed dashboards, by the name of their file. */
export function readDashboards (): ReadonlyMap<string, CommittedDashboard> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return new Map(files.map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as CommittedDashboard]))
}

/** Every query of every panel. @throws when there are fewer than there were: whoever goes through none finds nothing wrong */
export function panelQueries (): DashboardQuery[] {
  return atLeast(189, [...readDashboards()].flatMap(([dashboard, { panels }]) => panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => queryOf(dashboard, title, expr)))))
}

/** Every query of every mark on the charts: they mark what happens, so most have nothing to say. @throws as above */
export function markQueries (): DashboardQuery[] {
  return atLeast(30, [...readDashboards()].flatMap(([dashboard, { annotations }]) => annotations.list.map(({ name, expr }) => queryOf(dashboard, name, expr))))
}

function atLeast (count: number, queries: DashboardQuery[]): DashboardQuery[] {
  if (queries.length < count) throw new Error(`the dashboards have ${queries.length} queries instead of ${count} or more`)
  return queries
}

function queryOf (dashboard: string, panel: string, expression: string): DashboardQuery {
  return { dashboard, panel, expression, asked: VALUES.reduce((text, [variable, value]) => text.replace(variable, value), expression) }
}
