import type { ClientSession } from './client-session.ts'
import type { RunReport } from './messages.ts'
import { percentile } from './percentile.ts'

export interface LoopOrder {
  /** Calls under way at any time; never more than there are sessions, each session having one at a time. */
  readonly concurrency: number
  readonly payloadBytes: number
  readonly warmMs: number
  readonly forMs: number
  /** Ends the window early after so many calls; Infinity travels badly in JSON, so 0 = no bound. */
  readonly maxCalls: number
  readonly onWindow: (edge: 'window-start' | 'window-end') => void
}

/**
 * A closed loop: `concurrency` calls are kept under way over all sessions in turn (the one that rested longest goes
 * next). Calls answered inside the window count. Resolves when the last call under way is back.
 */
export function runClosedLoop (sessions: readonly ClientSession[], order: LoopOrder): Promise<RunReport> {
  const { promise, resolve } = Promise.withResolvers<RunReport>()
  const padding = 'x'.repeat(Math.max(0, order.payloadBytes - 16))
  const resting = createRing(sessions)
  const tally = { calls: 0, errors: 0, mixups: 0, firstError: undefined as string | undefined }
  const latencies: number[] = []
  let [underWay, windowStart, windowEnd] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]

  const count = (verdict: unknown, tookMs: number) => {
    tally.calls += 1
    latencies.push(tookMs)
    if (verdict === 'mixup') tally.mixups += 1
    else if (verdict !== 'ok') {
      tally.errors += 1
      tally.firstError ??= (verdict as { error: string }).error
    }
    if (tally.calls === order.maxCalls) endWindow()
  }
  const endWindow = () => {
    if (windowEnd !== Number.POSITIVE_INFINITY) return
    windowEnd = performance.now()
    order.onWindow('window-end')
  }
  const finish = () => {
    if (underWay === 0) resolve(summarise(tally, latencies, windowEnd - windowStart))
  }
  const next = () => {
    const session = resting.shift()
    const startedAt = performance.now()
    underWay += 1
    session.call(padding, (verdict, answeredAt) => {
      underWay -= 1
      resting.push(session)
      if (windowEnd !== Number.POSITIVE_INFINITY) return finish()
      if (windowStart !== Number.POSITIVE_INFINITY || verdict === 'mixup') count(verdict, answeredAt - startedAt)
      if (windowEnd === Number.POSITIVE_INFINITY) next()
      else finish()
    })
  }
  setTimeout(() => {
    windowStart = performance.now()
    order.onWindow('window-start')
    setTimeout(endWindow, order.forMs)
  }, order.warmMs)
  for (let i = Math.min(order.concurrency, sessions.length); i > 0; i--) next()
  return promise
}

function summarise (tally: Pick<RunReport, 'calls' | 'errors' | 'mixups'> & { firstError: string | undefined }, latencies: number[], tookMs: number): RunReport {
  const { firstError, ...counts } = tally
  const sorted = Float64Array.from(latencies).sort()
  return {
    ...counts,
    ...(firstError === undefined ? {} : { firstError }),
    tookMs,
    callsPerSecond: (counts.calls - counts.errors - counts.mixups) * 1000 / tookMs,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99)
  }
}

/** A queue over a fixed set: sessions leave at the front and come back at the end. */
function createRing (sessions: readonly ClientSession[]) {
  const slots = [...sessions]
  let [head, tail] = [0, 0]
  return {
    shift (): ClientSession {
      const session = slots[head]
      if (session === undefined) throw new Error('no session rests')
      head = (head + 1) % slots.length
      return session
    },
    push (session: ClientSession): void {
      slots[tail] = session
      tail = (tail + 1) % slots.length
    }
  }
}
