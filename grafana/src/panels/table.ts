import { TableCellDisplayMode, TableCellHeight } from '@grafana/grafana-foundation-sdk/common'
import { ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import type { DynamicConfigValue, Panel, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PROMETHEUS } from '../datasource.ts'
import { NEUTRAL, thresholdsOf, type Levels } from '../levels.ts'
import { NOTHING, type PanelFacts } from './facts.ts'
import { createColumn, refIdOf, type Query } from './target.ts'

/** A column: its heading is the query's legend. */
export interface Column extends Query {
  readonly unit: string
  /** Colours the cell. */
  readonly levels?: Levels
  readonly decimals?: number
  readonly words?: readonly ValueMapping[]
}

interface TableFacts extends Omit<PanelFacts, 'unit'> {
  /** Label that every query is by: one row for each of its values. */
  readonly by: string
  readonly columns: readonly Column[]
}

/** One row for each value of a label, one column for each query, all of now. */
export function table ({ title, about, levels = NEUTRAL, nothing = NOTHING, by, columns }: TableFacts): Panel {
  const order = ['Time', by, ...columns.map((_, at) => valueOf(at))]
  const builder = new PanelBuilder()
    .title(title)
    .description(about)
    .datasource(PROMETHEUS)
    .targets(columns.map((column, at) => createColumn(column, at)))
    .unit('short')
    .noValue(nothing)
    .thresholds(thresholdsOf(levels))
    .cellHeight(TableCellHeight.Sm)
    .showHeader(true)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order.map((name, at) => [name, at])),
        renameByName: Object.fromEntries(columns.map(({ legend }, at) => [valueOf(at), legend]))
      }
    })
  for (const column of columns) builder.overrideByName(column.legend, propertiesOf(column))
  return builder.build()
}

/** What Grafana calls the values of a query once several tables are one. */
function valueOf (at: number): string {
  return `Value #${refIdOf(at)}`
}

function propertiesOf ({ unit, levels, decimals, words }: Column): DynamicConfigValue[] {
  return [
    { id: 'unit', value: unit },
    ...decimals === undefined ? [] : [{ id: 'decimals', value: decimals }],
    ...words === undefined ? [] : [{ id: 'mappings', value: words }],
    ...levels === undefined
      ? []
      : [{ id: 'thresholds', value: { mode: ThresholdsMode.Absolute, steps: levels } }, { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } }]
  ]
}
