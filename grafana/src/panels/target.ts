import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus'
import { PROMETHEUS } from '../datasource.ts'

/** One query of a panel. */
export interface Query {
  readonly expr: string
  /** Text, or labels as `{{server}}`. In tables the heading of the column. */
  readonly legend: string
}

/** Letters by which Grafana tells the queries of a panel apart; in tables also which column is whose. */
export function refIdOf (at: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + at)
}

/** A query over the time shown, or of its end only (`now`). */
export function createTarget ({ expr, legend }: Query, at: number, over: 'time' | 'now'): DataqueryBuilder {
  const target = new DataqueryBuilder().datasource(PROMETHEUS).editorMode(QueryEditorMode.Code).expr(expr).legendFormat(legend).refId(refIdOf(at))
  return over === 'time' ? target.range() : target.instant()
}

/** A query of now whose labels become columns. */
export function createColumn (query: Query, at: number): DataqueryBuilder {
  return createTarget(query, at, 'now').format(PromQueryFormat.Table)
}
