/** One figure of a row: what was wanted, what came out. */
export interface Figure {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  /** Undefined: printed, not judged. */
  readonly ok: boolean | undefined
}

/** How a row is run. */
export interface RunOptions {
  /** About a quarter of the load and the time. */
  readonly isQuick: boolean
}

/** One kind of trouble. */
export interface Row {
  /** As the failure is numbered in the tests. */
  readonly id: string
  readonly title: string
  run (options: RunOptions): Promise<Figure[]>
}

/** A figure that has a bound. @param unit put behind both numbers */
export function atMost (what: string, bound: number, measured: number, unit = ''): Figure {
  return { what, wanted: `<= ${text(bound)}${unit}`, measured: `${text(measured)}${unit}`, ok: measured <= bound }
}

/** A figure that has two bounds. */
export function between (what: string, least: number, most: number, measured: number, unit = ''): Figure {
  return { what, wanted: `${text(least)} to ${text(most)}${unit}`, measured: `${text(measured)}${unit}`, ok: measured >= least && measured <= most }
}

/** A figure without a bound. */
export function noted (what: string, measured: number | string, unit = ''): Figure {
  return { what, wanted: 'printed', measured: `${typeof measured === 'number' ? text(measured) : measured}${unit}`, ok: undefined }
}

/** The value that this share of them does not exceed; 0 without any. */
export function percentile (values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function text (value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1)
}
