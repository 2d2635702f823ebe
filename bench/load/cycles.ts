import type { ClientSession } from './client-session.ts'
import { createSession } from './create-session.ts'
import type { CyclesReport, Order } from './messages.ts'
import { callOnce } from './open-sessions.ts'

/** Clients that come, call once and go: by DELETE, or (`drop`) by cutting their sockets without a word. */
export async function runCycles (order: Extract<Order, { op: 'cycles' }>, run: string): Promise<CyclesReport> {
  const startedAt = performance.now()
  const numbers = Array.from({ length: order.count }, (_, i) => i).values()
  let [done, failed] = [0, 0]
  let firstError: string | undefined
  const lane = async () => {
    for (const i of numbers) {
      const session = createSession(order.endpoint, run, i)
      try {
        await visit(session, order.end)
        done += 1
      } catch (error) {
        session.drop()
        failed += 1
        firstError ??= error instanceof Error ? error.message : String(error)
      }
    }
  }
  await Promise.all(Array.from({ length: order.atOnce }, lane))
  return { done, failed, ...(firstError === undefined ? {} : { firstError }), tookMs: performance.now() - startedAt }
}

async function visit (session: ClientSession, end: 'delete' | 'drop'): Promise<void> {
  await session.open()
  await callOnce(session)
  if (end === 'drop') session.drop()
  else await session.close()
}
