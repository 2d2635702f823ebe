import type { SealedPayload, Sealer } from './sealer.ts'

/** Member of every payload that says where it was sealed. */
const AT = 'at'

/**
 * The same, with every text saying in which replica it was sealed: what it is about may live there and nowhere else.
 * @param instance of the replica
 */
export function sealedAt (sealer: Sealer, instance: string): Sealer {
  return {
    seal: (kind, owner, payload, ttlMs) => sealer.seal(kind, owner, { ...payload, [AT]: instance }, ttlMs),
    name: (kind, owner, payload) => sealer.name(kind, owner, { ...payload, [AT]: instance }),
    open: (kind, owner, text) => sealer.open(kind, owner, text)
  }
}

/** The replica that sealed it; undefined = there was only one. */
export function placeOf (payload: SealedPayload | undefined): string | undefined {
  const at = payload?.[AT]
  return typeof at === 'string' ? at : undefined
}
