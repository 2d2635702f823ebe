import type { Clock } from '../../shared/clock.ts'
import type { Output } from '../command.ts'

/** Shows a row of steps, one at a time. */
export interface Progress {
  begin (what: string): void
  /** @param failure why the step failed; `undefined` = it did not */
  end (failure: string | undefined): void
  /** Stops showing, without a result. */
  abandon (): void
}

const TICK_MS = 1000
const CLEAR_LINE = '\r\u001b[2K'

/** On a terminal one line that is written over; elsewhere one line for each step when it has ended. */
export function createProgress (out: Output, clock: Clock, steps: number): Progress {
  let done = 0
  let current = { what: '', startedMs: 0 }
  let timer: NodeJS.Timeout | undefined

  const elapsedS = () => ((clock.nowMs() - current.startedMs) / 1000).toFixed(1)
  const draw = () => { out.write(`${CLEAR_LINE}  [${done + 1}/${steps}] fetching ${current.what} … ${elapsedS()} s`) }
  const stop = () => {
    clearInterval(timer)
    if (out.isTerminal) out.write(CLEAR_LINE)
  }
  return {
    begin (what) {
      current = { what, startedMs: clock.nowMs() }
      if (!out.isTerminal) return
      draw()
      timer = setInterval(draw, TICK_MS).unref()
    },
    end (failure) {
      stop()
      done++
      const head = `  [${done}/${steps}]`
      out.write(failure === undefined ? `${head} ${current.what} is here after ${elapsedS()} s\n` : `${head} ${current.what} could not be fetched (${failure}); its first call tries again\n`)
    },
    abandon: stop
  }
}
