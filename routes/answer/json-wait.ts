import { systemClock } from '../../src/shared/clock.ts'
import { DelayLine } from '../../src/shared/delay-line.ts'

/** An answer that takes longer than this becomes a stream, so that it can be resumed (rulings 4) and keep-alives reach who waits for it (FR43). */
const JSON_WAIT_MS = 1000

/** Exchanges whose answer may still be JSON, of all connections. */
export const jsonWait = new DelayLine(JSON_WAIT_MS, systemClock.nowMs)
