import type { Socket } from 'node:net'
import type { Gather, MemberPlace, Owners } from '../src/processes/index.ts'
import type { Principal } from '../src/shared/principal.ts'
import { HandOvers } from './edge/hand-overs.ts'

/** The other processes of this gateway, as one of them sees them (`processes: N`). */
export interface Peers {
  /** Unix socket of the process that owns the caller; undefined = this one does. A promise for a caller whom this process has not met. */
  socketOf (principal: Principal): string | undefined | Promise<string | undefined>
  /** Connections on which other processes hand requests over: those are served here, whoever owns them. */
  readonly incoming: WeakSet<Socket>
  /** What this process has handed over to others: it stays until that is answered. */
  readonly handOvers: HandOvers
  /** What all processes answer to a question of an operator. */
  readonly gather: Gather
}

/** Sees the others from `place`. */
export function createPeers (place: MemberPlace, owners: Owners, gather: Gather): Peers {
  const socketAt = (owner: number): string | undefined => owner === place.index ? undefined : place.sockets[owner]
  return {
    socketOf (principal) {
      const owner = owners.ownerOf(principal)
      return typeof owner === 'number' ? socketAt(owner) : owner.then(socketAt)
    },
    incoming: new WeakSet(),
    handOvers: new HandOvers(),
    gather
  }
}
