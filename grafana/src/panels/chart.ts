import {
  GraphGradientMode, GraphThresholdsStyleConfigBuilder, GraphThresholdsStyleMode, LegendDisplayMode, LegendPlacement, SortOrder, StackingConfigBuilder, StackingMode, TooltipDisplayMode, VisibilityMode,
  VizLegendOptionsBuilder, VizTooltipOptionsBuilder
} from '@grafana/grafana-foundation-sdk/common'
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { PROMETHEUS } from '../datasource.ts'
import { NEUTRAL, thresholdsOf } from '../levels.ts'
import { NOTHING, type PanelFacts } from './facts.ts'
import { createTarget, type Query } from './target.ts'

interface ChartFacts extends PanelFacts {
  readonly queries: readonly Query[]
  /** Lines are parts of a whole and stand on each other. */
  readonly isStacked?: boolean
  /** Highest value of the axis, where there is one. */
  readonly max?: number
}

/** Lines over time. Levels are drawn as dashed lines. */
export function chart ({ title, about, unit, levels, nothing = NOTHING, queries, isStacked = false, max }: ChartFacts): Panel {
  const builder = new PanelBuilder()
    .title(title)
    .description(about)
    .datasource(PROMETHEUS)
    .targets(queries.map((query, at) => createTarget(query, at, 'time')))
    .unit(unit)
    .min(0)
    .noValue(nothing)
    .thresholds(thresholdsOf(levels ?? NEUTRAL))
    // The same server has the same colour on every chart.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .lineWidth(1)
    .fillOpacity(isStacked ? 40 : 8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .legend(new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (isStacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
  if (levels !== undefined) builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  if (max !== undefined) builder.max(max)
  return builder.build()
}
