import type { Principal } from '../shared/principal.ts'

/** One running gateway process among others that serve the same users. */
export interface Replica {
  /** First part of its session ids: what the operator calls it. A replica that was started again keeps it. */
  readonly name: string
  /** Of this run: another one after each start, {@link INSTANCE_CHARS} characters of base64url. */
  readonly instance: string
  /** Origin of its listener for other replicas. */
  readonly origin: string
  /** It finishes what it has and takes nobody new. */
  readonly isDraining: boolean
}

/** Length of {@link Replica.instance}. */
export const INSTANCE_CHARS = 12

/**
 * What is owned by one replica at a time: the workers of a user, or of a tenant where they share workers. Made by
 * `createOwnerKeys` and nowhere else; undefined = of nobody in particular, any replica may serve it.
 */
export type OwnerKey = string

/**
 * Where a request is to be served. `unknown`: nobody can say right now, or the one that can does not answer; 503 and retry,
 * never 404 (reliability C, FR24).
 */
export type Home = { readonly at: 'here' } | { readonly at: 'replica', readonly replica: Replica } | { readonly at: 'unknown' }

/** Where a session is. `gone`: the replica that made the id has ended, or no replica ever made it. */
export type SessionHome = Home | { readonly at: 'gone' }

/** The other replicas as this one sees them. */
export interface Replicas {
  readonly self: Replica
  /** To be called once, when others can reach this replica at `origin`. Resolves when it has been announced, or could not be. */
  begin (origin: string): Promise<void>
  /** Live ones as last heard of, this one included. */
  live (): readonly Replica[]
  /** The live replica whose session ids begin with this name. */
  named (name: string): Replica | undefined
  /** The replica of this run; undefined = it has ended, or was never heard of. */
  instance (instance: string): Replica | undefined
  /** A new session id: `<name>-<instance><random>`. The tag is a hint for routing, never authority (T03). */
  newSessionId (): string
  /** Which replica made this session id. Asks the store only for a replica that was never heard of. */
  homeOfSession (sessionId: string): SessionHome | Promise<SessionHome>
  /** Who serves this owner key; claims it for this replica when nobody does. Synchronous for whom this replica has met. */
  homeOf (key: OwnerKey): Home | Promise<Home>
  /** The replica that was thought to be the owner says that it is not. */
  forget (key: OwnerKey): void
  /** A connection to this replica was refused: is it dead? Resolves within a few heartbeats; from then on `homeOf` and `homeOfSession` know. */
  isDead (replica: Replica): Promise<boolean>
  /** Does this replica own the key right now? */
  owns (key: OwnerKey): boolean
  /** Keys that this replica owns right now. */
  owned (): readonly OwnerKey[]
  /** Nothing of this key lives here any more. */
  release (key: OwnerKey): void
  /** Milliseconds since 1970 by the clock that replicas share; the machine's own until the store was reached once (FR36). */
  sharedWallMs (): number
  /** Live ones that do not answer right now. */
  silent (): readonly Replica[]
  /** From now on it takes no new keys, and others are told. */
  drain (): Promise<void>
  /** Ends: others are told, and its keys are free. */
  close (): Promise<void>
}

/** What one replica tells another with a message: signed, for that one message, for a few seconds. */
export interface HopClaims {
  /** Whose request it is, as the first replica verified it. Absent = a question of the replica itself. */
  readonly principal?: Principal
  readonly requestId: string
  /** The client's address as the first replica saw it. */
  readonly clientAddress: string
  /** Instance that hands over. */
  readonly from: string
  /** Whose key the request was sent for, or the question is about; absent = by session id or sealed state. */
  readonly ownerKey?: OwnerKey
}

/** One replica as the store lists it. */
export interface Listed {
  readonly replica: Replica
  /** Milliseconds since it said last that it lives. */
  readonly ageMs: number
  /** That was its last word. */
  readonly hasLeft: boolean
}

/** What the store answers to a heartbeat. */
export interface Beat {
  /** All that live, this one included, and those that have just left. */
  readonly listed: readonly Listed[]
  /** It was listed before. False: this is its first, or the store has lost what it held (FR23). */
  readonly wasListed: boolean
  /** The store's time, milliseconds since 1970. */
  readonly wallMs: number
}

/** An owner key that this replica holds. */
export interface OwnClaim {
  readonly key: OwnerKey
  /** Grows with each new owner: who has the lower one has lost it. 0 = taken while the store was away. */
  readonly fence: number
}

/** How a claim went. */
export type Claimed =
  | { readonly kind: 'mine', readonly fence: number }
  | { readonly kind: 'held', readonly by: string }
  /** By an instance that is not in the list handed in. */
  | { readonly kind: 'orphaned', readonly by: string }
  /** Nobody holds it, and the store cannot tell whether it has lost who did. */
  | { readonly kind: 'unsure' }
  | { readonly kind: 'free' }

/** How a claim is made. */
export interface ClaimRequest {
  readonly key: OwnerKey
  /** Instance that wants it. */
  readonly by: string
  /** Instances that are not dead: their claims stand. */
  readonly live: readonly string[]
  /** The instance whose claim may be taken because it is dead; '' = the key may be taken though the store may have lost its owner, all were asked. Absent = neither. */
  readonly instead?: string
  /** Take it if it can be had. False = only tell who holds it. */
  readonly isWanted: boolean
}

/** Where replicas find each other. Every promise rejects when the store is away. */
export interface ReplicaStore {
  /** Is it known to be away? */
  readonly isAway: boolean
  beat (self: Replica): Promise<Beat>
  /** Says that nothing of it lives any more. */
  leave (self: Replica): Promise<void>
  claim (request: ClaimRequest): Promise<Claimed>
  /**
   * Keeps claims, and writes those that the store has lost.
   * @returns one for each, in order: the fence it has now, or undefined = another replica has it with a higher one
   */
  renew (by: string, claims: readonly OwnClaim[]): Promise<ReadonlyArray<number | undefined>>
  /** What fails is gone with its time to live. Never rejects. */
  release (by: string, claims: readonly OwnClaim[]): Promise<void>
}

/** What another replica answers about itself. */
export interface PeerAnswer {
  /** Does it own the key that was asked about? */
  readonly owns: boolean
  /** Does it reach the store? */
  readonly reachesStore: boolean
}

/** Asks a replica directly. `refused`: nobody listens there; `silent`: no answer in time. Never rejects. */
export type AskPeer = (replica: Replica, key: OwnerKey | undefined) => Promise<PeerAnswer | 'refused' | 'silent'>

/** What telemetry hears. Callbacks must not throw. */
export interface ReplicaEvents {
  /** A key got an owner here: nobody had it, or its owner is dead. */
  claimed (how: 'new' | 'stolen' | 'provisional'): void
  /** Another replica has the key: what runs here for it must end. */
  fenced (key: OwnerKey): void
  joined (replica: Replica): void
  /** @param why it has said so; it refuses connections; it has answered nobody for long */
  left (replica: Replica, why: 'farewell' | 'refused' | 'silent'): void
  /** A heartbeat failed; only the first of a row. */
  beatFailed (error: unknown): void
}
