import { atMost, noted, percentile } from './figure.ts'
import type { Figure } from './figure.ts'
import { fates, type Entry, type ReplicaScene } from './replica-scene.ts'

/** 300 calls a second of twelve users, half of them of each era. */
const EVERY_MS = 1000 / 150

/**
 * Loads the replicas from both eras while `trouble` runs.
 * @param isOver ends the load before `forMs`
 */
export async function under (scene: ReplicaScene, forMs: number, trouble: () => Promise<void>, isOver: () => boolean = () => false): Promise<readonly Entry[]> {
  const [legacy, modern] = [await scene.clients('legacy'), await scene.clients('modern')]
  // Workers start before anything is measured.
  await scene.load([...legacy, ...modern], 50, 2500)
  const loads = [scene.load(legacy, EVERY_MS, forMs, isOver), scene.load(modern, EVERY_MS, forMs, isOver)]
  await trouble()
  return (await Promise.all(loads)).flat()
}

/** What holds in every row, and what is printed in every row. */
export function common (scene: ReplicaScene, entries: readonly Entry[], { mayLose = 0 }: { readonly mayLose?: number } = {}): Figure[] {
  const { dup, ranThoughRefused, okWithoutRun } = scene.executed(entries)
  const of = (fate: Entry['fate']): number => entries.filter((entry) => entry.fate === fate).length
  return [
    noted('calls', JSON.stringify(fates(entries))),
    atMost('lost', mayLose, of('lost')),
    atMost('somebody else\'s answer', 0, of('mix')),
    atMost('calls that ran twice', 0, dup),
    atMost('refused calls that ran', 0, ranThoughRefused),
    atMost('answered calls that did not run', 0, okWithoutRun)
  ]
}

/** In milliseconds. */
export const p99 = (entries: readonly Entry[]): number => percentile(entries.map(({ ms }) => ms), 0.99)
/** Calls that were sent in this part of the load. */
export const during = (entries: readonly Entry[], fromMs: number, toMs: number): Entry[] => entries.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
/** Calls that were not answered as they should be. */
export const refused = (entries: readonly Entry[]): number => entries.filter(({ fate }) => fate !== 'ok').length
