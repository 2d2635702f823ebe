import type { Clock } from '../shared/clock.ts'

/**
 * Lines that are no message, per window, before the process is ended (T39). Banners and log lines on stdout break the
 * protocol but are common, so the bound is far above a chatty server's thousand a second and far below a flood.
 */
export const MAX_NOISE_LINES = 10_000
const WINDOW_MS = 10_000

/** Counts noise; `count` says whether the bound was passed. */
export interface NoiseWindow {
  count (): boolean
}

/** Fixed windows: at most twice the bound can pass across a border, which does not matter here. */
export function createNoiseWindow (clock: Clock, maxLines: number = MAX_NOISE_LINES): NoiseWindow {
  let startedAtMs = -Infinity
  let lines = 0
  return {
    count () {
      const nowMs = clock.nowMs()
      if (nowMs - startedAtMs >= WINDOW_MS) {
        startedAtMs = nowMs
        lines = 0
      }
      lines += 1
      return lines > maxLines
    }
  }
}
