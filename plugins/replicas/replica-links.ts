import type { OwnerKeyOf, Replicas } from '../../src/replicas/index.ts'
import type { HandOvers } from '../edge/hand-overs.ts'
import type { HopClient } from './hop-client.ts'
import type { HopListener } from './hop-listener.ts'
import type { Leaving } from './leaving.ts'
import type { FastifyInstance } from 'fastify'

/** How a hop ended, from the side that hands over. `refused`: the other replica is not the owner, or read it too late; `unreachable`: nothing was sent; `lost`: it went away before its answer. */
export type HopOutcome = 'answered' | 'refused' | 'unreachable' | 'lost' | 'gone'

/** The other replicas, as the HTTP side uses them. */
export interface ReplicaLinks {
  readonly replicas: Replicas
  readonly ownerKeyOf: OwnerKeyOf
  readonly hops: HopClient
  /** What this replica has handed over to others: it stays until that is answered. */
  readonly handOvers: HandOvers
  /** How whom it serves is handed over when it ends. */
  readonly leaving: Leaving
  /** @param seconds until the answer's head, where there was one */
  readonly hopEnded: (outcome: HopOutcome, seconds: number) => void
  /** Begins to serve what others hand over, and tells them that this replica lives. */
  listen (app: FastifyInstance): Promise<HopListener>
  /** Others are told that this replica has gone. After the gateway has stopped. */
  close (): Promise<void>
}
