import { BarGaugeDisplayMode, BarGaugeValueMode, ReduceDataOptionsBuilder, VizOrientation } from '@grafana/grafana-foundation-sdk/common'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/bargauge'
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { PROMETHEUS } from '../datasource.ts'
import { NEUTRAL, thresholdsOf } from '../levels.ts'
import { NOTHING, type PanelFacts } from './facts.ts'
import { createTarget, type Query } from './target.ts'

/** Bars, the longest first: who most. The query is one of now, and says itself how many (`topk`, `sort_desc`). */
export function ranking ({ title, about, unit, levels = NEUTRAL, nothing = NOTHING, query }: PanelFacts & { readonly query: Query }): Panel {
  return new PanelBuilder()
    .title(title)
    .description(about)
    .datasource(PROMETHEUS)
    .withTarget(createTarget(query, 0, 'now'))
    .unit(unit)
    .min(0)
    .noValue(nothing)
    .thresholds(thresholdsOf(levels))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Text)
    .showUnfilled(false)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .build()
}
