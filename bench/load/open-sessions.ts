import { setTimeout as wait } from 'node:timers/promises'
import type { ClientSession } from './client-session.ts'
import { createSession } from './create-session.ts'
import type { OpenReport, Order } from './messages.ts'
import { percentile } from './percentile.ts'

/** Opens sessions, `atOnce` at a time, each on a fresh connection, and times initialize + initialized, and the first call where one is asked for. */
export async function openSessions (order: Extract<Order, { op: 'open' }>, run: string): Promise<{ sessions: ClientSession[], report: OpenReport }> {
  const sessions = Array.from({ length: order.sessions }, (_, i) => createSession(order.endpoint, run, i))
  const [openedMs, calledMs]: [number[], number[]] = [[], []]
  const startedAt = performance.now()
  const queue = sessions.values()
  const lane = async () => {
    for (const session of queue) {
      const from = performance.now()
      await session.open()
      openedMs.push(performance.now() - from)
      if (order.firstCall) {
        await callOnce(session)
        calledMs.push(performance.now() - from)
      }
      if (order.streams) await session.openStream()
      const leftMs = order.everyMs - (performance.now() - from)
      if (leftMs > 0) await wait(leftMs)
    }
  }
  await Promise.all(Array.from({ length: order.atOnce }, lane))
  const [open, call] = [ends(openedMs), ends(calledMs)]
  const report = { sessions: sessions.length, tookMs: performance.now() - startedAt, p50Ms: open.p50, p99Ms: open.p99, firstCallP50Ms: call.p50, firstCallP99Ms: call.p99 }
  return { sessions, report }
}

/** One call. @throws when its answer is none, or somebody else's. */
export async function callOnce (session: ClientSession): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.call('', (verdict) => {
      if (verdict === 'ok') resolve()
      else reject(new Error(verdict === 'mixup' ? 'mixup' : verdict.error))
    })
  })
}

function ends (values: readonly number[]): { p50: number, p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}
