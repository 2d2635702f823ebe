import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard'

/** From which values on something is odd (orange) and wrong (red), or good: colours that mean the same on every dashboard. */
export type Levels = readonly Threshold[]

/** A figure that is neither good nor bad. */
export const NEUTRAL: Levels = [{ value: null, color: 'blue' }]

/** Green below, then orange, then red. In the panel's unit. */
export function worseFrom (orange: number, red: number): Levels {
  return [{ value: null, color: 'green' }, { value: orange, color: 'orange' }, { value: red, color: 'red' }]
}

/** Green below, red from there on. For what must not happen at all, the smallest value that counts as happening. */
export function wrongFrom (red: number): Levels {
  return [{ value: null, color: 'green' }, { value: red, color: 'red' }]
}

/** Green below, orange from there on. For what an operator should know and nobody need be woken for. */
export function oddFrom (orange: number): Levels {
  return [{ value: null, color: 'green' }, { value: orange, color: 'orange' }]
}

/** Red below, then orange, then green. In the panel's unit. */
export function betterFrom (orange: number, green: number): Levels {
  return [{ value: null, color: 'red' }, { value: orange, color: 'orange' }, { value: green, color: 'green' }]
}

/** Red below, green from there on. For yes and no. */
export function goodFrom (green: number): Levels {
  return [{ value: null, color: 'red' }, { value: green, color: 'green' }]
}

/** As the panels' builders take them. */
export function thresholdsOf (levels: Levels): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...levels])
}
