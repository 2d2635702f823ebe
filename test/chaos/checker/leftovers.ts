import { readdirSync } from 'node:fs'
import { metricsOf } from '../../helpers/metrics.ts'
import type { ReplicaSet } from '../../helpers/replicas.ts'
import { until } from '../../helpers/until.ts'
import type { History } from './history.ts'

/** What of a run is left in one replica. */
interface Left { readonly sessions: number, readonly listens: number, readonly parked: number, readonly inFlight: number, readonly workers: number, readonly descriptors: number }

/** Within this after everybody has left, all that was for them is gone. */
const GONE_MS = 30_000
/** Connections to Redis, to replicas and to nginx that are kept for the next one. */
const KEPT_DESCRIPTORS = 60

/** (8) What was held for clients that have left is given back, and every key in Redis has an end. @param baseDescriptors of each replica, before anybody came */
export async function judgeLeftovers (history: History, set: ReplicaSet, baseDescriptors: readonly number[]): Promise<void> {
  const startedMs = history.now()
  let last: readonly Left[] = []
  await until('everything is given back', async () => {
    last = await Promise.all(set.replicas.map(async ({ gateway }) => await leftIn(gateway)))
    return last.every((left, index) => isNothing(left, baseDescriptors[index] ?? 0))
  }, GONE_MS).catch(() => { history.violated(8, `after ${history.now() - startedMs} ms there is still ${JSON.stringify(last)}, before: ${baseDescriptors.join()} descriptors`) })
  const keys = (await set.redis.cli('keys', '*')).split('\n').filter((key) => key !== '')
  const ends = await Promise.all(keys.map(async (key) => [key, Number(await set.redis.cli('pttl', key))] as const))
  const endless = ends.filter(([, ms]) => ms === -1).map(([key]) => key)
  if (endless.length > 0) history.violated(8, `keys without an end: ${endless.join(' ')}`)
}

/** Open descriptors of a replica. */
export function descriptorsOf (pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

function isNothing ({ sessions, listens, parked, inFlight, workers, descriptors }: Left, base: number): boolean {
  // The scrape itself is one.
  return sessions === 0 && listens === 0 && parked === 0 && inFlight <= 1 && workers === 0 && descriptors <= base + KEPT_DESCRIPTORS
}

async function leftIn (gateway: ReplicaSet['replicas'][number]['gateway']): Promise<Left> {
  const metrics = await metricsOf(gateway)
  const sum = (name: string): number => metrics(name) ?? 0
  return {
    sessions: sum('sessions_open'),
    listens: sum('listens_open'),
    parked: sum('parked_calls'),
    inFlight: sum('http_requests_in_flight'),
    workers: sum('workers_running'),
    descriptors: descriptorsOf(gateway.pid)
  }
}
