import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard'
import type { ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'

/** Words in place of the values 0 and 1. */
export function zeroOrOne (zero: string, one: string): ValueMapping[] {
  return [{ type: MappingType.ValueToText, options: { 0: { text: zero, index: 0 }, 1: { text: one, index: 1 } } }]
}

/** A word in place of 0; other values stay as they are. */
export function zeroIs (text: string): ValueMapping[] {
  return [{ type: MappingType.ValueToText, options: { 0: { text, index: 0 } } }]
}
