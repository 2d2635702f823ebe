/** First wait after a failed start; doubles up to the maximum, with full jitter (FR04). */
const FIRST_MS = 500
const MAX_MS = 30_000
/** From this many failures within the window on, a start waits out the whole step: no jitter below half of it. */
const OPEN_AFTER = 5
const WINDOW_MS = 60_000
/** Crashes of workers that had initialized: the first ones get a fresh worker at once, a loop is slowed. */
const FREE_CRASHES = 2

interface History { failures: number, notBeforeMs: number, lastMs: number, crashes: number }

/** Remembers failed starts and crashes per worker key, so that a broken server costs a bounded number of spawns. */
export interface StartBackoff {
  /** Milliseconds until this key may start again; 0 = now. */
  waitMs (key: string): number
  startFailed (key: string): void
  /** An initialized worker ended by itself. */
  crashed (key: string): void
  started (key: string): void
  /** Keys that begin so may start now: what kept them waiting is over. */
  forgive (prefix: string): void
}

/** @param random 0 <= x < 1, for the jitter */
export function createStartBackoff (nowMs: () => number, random: () => number = Math.random): StartBackoff {
  const histories = new Map<string, History>()

  function historyOf (key: string): History {
    const known = histories.get(key)
    const now = nowMs()
    if (known !== undefined && now - known.lastMs < WINDOW_MS) return known
    const fresh = { failures: 0, notBeforeMs: 0, lastMs: now, crashes: 0 }
    histories.set(key, fresh)
    if (histories.size > 10_000) forgetOld(histories, now)
    return fresh
  }

  function fail (history: History): void {
    const now = nowMs()
    const stepMs = Math.min(MAX_MS, FIRST_MS * 2 ** history.failures)
    const jittered = history.failures >= OPEN_AFTER ? stepMs * (0.5 + random() / 2) : stepMs * random()
    history.failures++
    history.lastMs = now
    history.notBeforeMs = now + jittered
  }

  return {
    waitMs: (key) => Math.max(0, (histories.get(key)?.notBeforeMs ?? 0) - nowMs()),
    startFailed: (key) => fail(historyOf(key)),
    crashed (key) {
      const history = historyOf(key)
      history.lastMs = nowMs()
      if (++history.crashes > FREE_CRASHES) fail(history)
    },
    started (key) {
      const history = histories.get(key)
      if (history !== undefined && history.crashes === 0) histories.delete(key)
    },
    forgive (prefix) {
      for (const key of histories.keys()) if (key.startsWith(prefix)) histories.delete(key)
    }
  }
}

function forgetOld (histories: Map<string, History>, now: number): void {
  for (const [key, history] of histories) {
    if (now - history.lastMs > WINDOW_MS && history.notBeforeMs < now) histories.delete(key)
  }
}
