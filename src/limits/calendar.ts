/** A calendar period, UTC. */
export type Period = 'day' | 'month'

const DAY_MS = 86_400_000

/** Numbers periods: two moments have one number exactly when they are in the same one. */
export function periodAt (period: Period, wallMs: number): number {
  if (period === 'day') return Math.floor(wallMs / DAY_MS)
  const date = new Date(wallMs)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** When the period of this moment ends, in milliseconds since 1970. */
export function periodEndMs (period: Period, wallMs: number): number {
  if (period === 'day') return (Math.floor(wallMs / DAY_MS) + 1) * DAY_MS
  const date = new Date(wallMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}
