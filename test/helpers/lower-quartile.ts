/** What a quarter of some times took at most: what the machine does besides makes the others longer. 0 = there are none. */
export function lowerQuartileOf (times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 4)] ?? 0
}
