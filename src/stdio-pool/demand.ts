/** How fast a rise of arrivals is noticed: after so long, two thirds of it. */
const RISE_MS = 5000
/** How slowly a fall is believed, so that a pause costs no spares. */
const FALL_MS = 60_000
/** Starts that the measured time is a mean of, the newest weighing most. */
const START_WEIGHT = 0.2
/** Standard deviations above the mean: with arrivals at random, 98 of 100 find a spare. */
const MARGIN = 2

/** How many workers of one server are wanted ahead of need. */
export interface Demand {
  /** A caller needed a worker of its own. */
  arrived (): void
  /** A spare took so long from its start to being ready, in milliseconds. */
  started (startMs: number): void
  /**
   * Little's law: as many as arrive while one is made, and a margin; never fewer than `least`. A function of the time, too:
   * it falls while nobody comes.
   */
  wanted (least: number): number
}

/** @param nowMs monotonic */
export function createDemand (nowMs: () => number): Demand {
  const rates = [createRate(RISE_MS), createRate(FALL_MS)]
  let meanStartMs: number | undefined
  return {
    arrived () {
      for (const rate of rates) rate.arrived(nowMs())
    },
    started (startMs) {
      meanStartMs = meanStartMs === undefined ? startMs : meanStartMs + START_WEIGHT * (startMs - meanStartMs)
    },
    wanted (least) {
      const perMs = Math.max(...rates.map((rate) => rate.perMs(nowMs())))
      const arriving = perMs * (meanStartMs ?? 0)
      return Math.max(least, Math.ceil(arriving + MARGIN * Math.sqrt(arriving) - TINY))
    }
  }
}

/** What is left of a single caller long ago shall not be rounded up to a spare for ever. */
const TINY = 0.25

/** Arrivals per millisecond, weighted exponentially by their age. */
function createRate (windowMs: number): { arrived (now: number): void, perMs (now: number): number } {
  let value = 0
  let atMs = 0
  const perMs = (now: number): number => value * Math.exp(-(now - atMs) / windowMs)
  return {
    arrived (now) {
      value = perMs(now) + 1 / windowMs
      atMs = now
    },
    perMs
  }
}
