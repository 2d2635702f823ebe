const MS_PER_HOUR = 3_600_000

/** How fast the values grow per hour: the slope of the line of least squares through (ms, value). NaN for fewer than two points. */
export function slopePerHour (points: ReadonlyArray<readonly [number, number]>): number {
  const meanAt = mean(points.map(([at]) => at))
  const meanValue = mean(points.map(([, value]) => value))
  let [above, below] = [0, 0]
  for (const [at, value] of points) {
    above += (at - meanAt) * (value - meanValue)
    below += (at - meanAt) ** 2
  }
  return above / below * MS_PER_HOUR
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
