import type { Principal } from '../shared/principal.ts'

/** One running gateway process among others that serve the same users. */
export interface Replica {
  /** First part of its session ids: what the operator calls it. A replica that was started again keeps it. */
  readonly name: string
  /** Of this run: another one after each start. */
  readonly instance: string
  /** Origin of its listener for other replicas. */
  readonly origin: string
  /** It finishes what it has and takes nobody new. */
  readonly isDraining: boolean
}

/**
 * What is owned by one replica at a time: the workers of a user, or of a tenant where they share workers. Made by `ownerKeyOf`
 * and nowhere else; undefined = of nobody in particular, any replica may serve it.
 */
export type OwnerKey = string

/** Where a request is to be served. */
export type Home = { readonly at: 'here' } | { readonly at: 'replica', readonly replica: Replica } | { readonly at: 'unknown' }

/** The other replicas as this one sees them. `unknown` only while Redis is away and nothing is remembered: 503, retry (reliability C). */
export interface Replicas {
  readonly self: Replica
  /** Live ones as last heard of, this one included. */
  live (): readonly Replica[]
  /** The live replica whose session ids begin with this name. */
  named (name: string): Replica | undefined
  /** Who serves this owner key; claims it for this replica when nobody does. Synchronous for whom this replica has met. */
  homeOf (key: OwnerKey): Home | Promise<Home>
  /** The replica that was thought to be the owner says that it is not. */
  forget (key: OwnerKey): void
  /** Does this replica own the key right now? A hop from a replica that believes otherwise is sent back. */
  owns (key: OwnerKey): boolean
  /** Nothing of this key lives here any more. */
  release (key: OwnerKey): void
  /** From now on it takes no new keys, and others are told. */
  drain (): Promise<void>
  close (): Promise<void>
}

/** What one replica tells another about a request that it hands over: signed, for that one request, for a few seconds. */
export interface HopClaims {
  readonly principal: Principal
  readonly requestId: string
  /** The client's address as the first replica saw it. */
  readonly clientAddress: string
  /** Instance that hands over. */
  readonly from: string
  /** Whose key the request was sent for; absent = by session id or sealed state. */
  readonly ownerKey?: OwnerKey
}
