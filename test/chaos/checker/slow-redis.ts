import { metricsOf } from '../../helpers/metrics.ts'
import type { ReplicaSet } from '../../helpers/replicas.ts'
import type { History } from './history.ts'

/** How often the replicas are asked. A moment is that long at least. */
const LOOK_EVERY_MS = 500
/** A replica that does not answer in this time is frozen, or gone; what it counted is seen when it answers again. */
const ANSWER_MS = 1000

/** What one replica had counted when it was last asked. */
interface Seen { pid: number, count: number, askedMs: number }

/**
 * Notes in the history when Redis was too slow for a decision about limits, as on a machine that has no time for it. Asks until `stop`,
 * and once more then.
 */
export function watchSlowRedis (set: ReplicaSet, history: History): { stop (): Promise<void> } {
  const seen = new Map<string, Seen>()
  const look = async (): Promise<void> => {
    await Promise.all(set.replicas.map(async ({ name, gateway }) => {
      const before = seen.get(name) ?? { pid: gateway.pid, count: 0, askedMs: 0 }
      const [pid, askedMs] = [gateway.pid, history.now()]
      const count = await metricsOf(gateway, { signal: AbortSignal.timeout(ANSWER_MS) }).then((metrics) => metrics('limit_unanswered_total'), () => undefined)
      if (count === undefined) return
      // One that was started again counts from nothing.
      if (count > (before.pid === pid ? before.count : 0)) history.slowMoments.push({ fromMs: before.askedMs, toMs: history.now() })
      seen.set(name, { pid, count, askedMs })
    }))
  }
  const over = Promise.withResolvers<true>()
  const watching = (async () => {
    for (let isOver = false; !isOver;) {
      const { promise: waited, resolve } = Promise.withResolvers<false>()
      const timer = setTimeout(() => { resolve(false) }, LOOK_EVERY_MS)
      isOver = await Promise.race([over.promise, waited])
      clearTimeout(timer)
      await look()
    }
  })()
  return {
    stop: async () => {
      over.resolve(true)
      await watching
    }
  }
}
