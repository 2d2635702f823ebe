import type { Clock } from '../../shared/clock.ts'
import type { Output } from '../command.ts'

/** Nobody wonders what happens before this has passed. */
const QUIET_MS = 2000
/** Where lines cannot be written over, they come this often. */
const REPEAT_MS = 10_000
const CLEAR_LINE = '\r\u001b[2K'

/** Runs work and shows that it runs, from two seconds on: on a terminal in one line that goes again, elsewhere in a line now and then. */
export async function showStep<T> (out: Output, clock: Clock, what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = clock.nowMs()
  const elapsedS = () => ((clock.nowMs() - startedMs) / 1000).toFixed(0)
  let timer: NodeJS.Timeout
  const show = () => {
    out.write(out.isTerminal ? `${CLEAR_LINE}  ${what} … ${elapsedS()} s` : `  ${what} … ${elapsedS()} s\n`)
    timer = setTimeout(show, out.isTerminal ? 1000 : REPEAT_MS).unref()
  }
  timer = setTimeout(show, QUIET_MS).unref()
  try {
    return await work()
  } finally {
    clearTimeout(timer)
    if (out.isTerminal) out.write(CLEAR_LINE)
  }
}
