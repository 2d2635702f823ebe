/** Refusals of one worker that are told in words per minute. */
const MAX_WORDS = 20
const MINUTE_MS = 60_000

/**
 * Says whether one more may be told: a worker that is refused all the time is not to fill the log.
 * @param nowMs monotonic milliseconds
 */
export function createWordLimit (nowMs: () => number = () => performance.now()): () => boolean {
  let told = 0
  let sinceMs = -Infinity
  return () => {
    if (nowMs() - sinceMs >= MINUTE_MS) {
      told = 0
      sinceMs = nowMs()
    }
    told += 1
    return told <= MAX_WORDS
  }
}
