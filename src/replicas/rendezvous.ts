import { hash } from 'node:crypto'
import type { OwnerKey, Replica } from './types.ts'

/** The one of several replicas that all of them name for this key, as long as they see the same ones (rendezvous hashing). */
export function rendezvous (key: OwnerKey, replicas: readonly Replica[]): Replica | undefined {
  let best: { readonly replica: Replica, readonly weight: string } | undefined
  for (const replica of replicas) {
    const weight = hash('sha256', JSON.stringify([replica.instance, key]))
    if (best === undefined || weight > best.weight) best = { replica, weight }
  }
  return best?.replica
}
