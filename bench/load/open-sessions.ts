import type { ClientSession } from './client-session.ts'
import { createSession } from './create-session.ts'
import type { OpenReport, Order } from './messages.ts'
import { percentile } from './percentile.ts'

/** Opens sessions, `atOnce` at a time, each on a fresh connection, and times initialize + initialized. */
export async function openSessions (order: Extract<Order, { op: 'open' }>, run: string): Promise<{ sessions: ClientSession[], report: OpenReport }> {
  const { endpoint } = order
  const sessions = Array.from({ length: order.sessions }, (_, i) =>
    createSession(endpoint, run, i))
  const tookMs: number[] = []
  const startedAt = performance.now()
  const queue = sessions.values()
  const lane = async () => {
    for (const session of queue) {
      const from = performance.now()
      await session.open()
      tookMs.push(performance.now() - from)
      if (order.streams) await session.openStream()
    }
  }
  await Promise.all(Array.from({ length: order.atOnce }, lane))
  const report = { sessions: sessions.length, tookMs: performance.now() - startedAt, ...percentiles(tookMs) }
  return { sessions, report }
}

function percentiles (values: readonly number[]): { p50Ms: number, p99Ms: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }
}
