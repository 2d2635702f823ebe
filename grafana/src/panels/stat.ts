import { BigValueColorMode, BigValueGraphMode } from '@grafana/grafana-foundation-sdk/common'
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Panel, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PROMETHEUS } from '../datasource.ts'
import { NEUTRAL, thresholdsOf } from '../levels.ts'
import { NOTHING, type PanelFacts } from './facts.ts'
import { createTarget } from './target.ts'

interface StatFacts extends PanelFacts {
  readonly expr: string
  /** Digits after the point. Default: as Grafana finds fit. */
  readonly decimals?: number
  /** Words in place of values. */
  readonly words?: readonly ValueMapping[]
}

/** One large figure, coloured by its level, with its course behind it. */
export function stat ({ title, about, unit, levels = NEUTRAL, nothing = NOTHING, expr, decimals, words }: StatFacts): Panel {
  const builder = new PanelBuilder()
    .title(title)
    .description(about)
    .datasource(PROMETHEUS)
    .withTarget(createTarget({ expr, legend: title }, 0, 'time'))
    .unit(unit)
    .noValue(nothing)
    .thresholds(thresholdsOf(levels))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  if (decimals !== undefined) builder.decimals(decimals)
  if (words !== undefined) builder.mappings([...words])
  return builder.build()
}
