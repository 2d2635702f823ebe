/** Kinds of things that servers tell of as one: their lists, the contents of resources, and results, of which nothing is told. */
export type TopicKind = 'tools' | 'prompts' | 'resources' | 'reads' | 'results'

/** What is forgotten together: everything of one kind that was said to one group of callers. */
export interface Topic {
  /** Who may be given the same answer, as a hash: a worker key, or a server's public answers within a tenant. */
  readonly group: string
  readonly kind: TopicKind
}

/** How a value is written down for other replicas. */
export interface Codec<V> {
  /** What JSON can express of it. */
  toJson (value: V): unknown
  /** Undefined: it is no such value, or one of another version. */
  fromJson (json: unknown): V | undefined
}

/** One thing that can be kept. */
export interface Slot<V> {
  readonly topic: Topic
  /** Of the request within the topic: a hash over everything that the answer depends on. */
  readonly id: string
  /** May other replicas be given it? False where each of them has a worker that only it knows. */
  readonly isShared: boolean
  readonly codec: Codec<V>
}

/** Something that was kept. */
export interface Kept<V> {
  /** Frozen. */
  readonly value: V
  /** Monotonic milliseconds: when its reading began. */
  readonly atMs: number
  /** From then on; 0 = it is only good to stand in for a newer one. */
  readonly ttlMs: number
  /** Changes may have gone unheard since: good to stand in, and for nothing else. */
  readonly isDoubtful: boolean
}

/** A reading that has begun: what changes meanwhile is not kept. */
export interface Reading {
  readonly since: number
  /** Monotonic milliseconds. */
  readonly atMs: number
  /** What the second tier said; undefined = it was not asked, or did not answer, and is not told of the outcome. */
  readonly generation: string | undefined
}

/** The same for all replicas; src/redis fulfils it. */
export interface SharedTier {
  /** False while it does not answer: everything goes on without it (reliability C). */
  readonly isUp: boolean
  /** What is there, and the generation that a newer one has to be written under. Rejects when it does not answer. */
  read (topic: Topic, id: string): Promise<{ readonly text: string | undefined, readonly generation: string }>
  /** Nobody waits for it; nothing is written when the generation is over. */
  write (topic: Topic, id: string, text: string, ttlMs: number, generation: string): void
  /** Begins a new generation, and tells the other replicas. */
  changed (topic: Topic): void
  /** @param onGap changes of others may have gone unheard. Returns what ends it. */
  onChanged (onChanged: (topic: Topic) => void, onGap: () => void): () => void
}

/** What servers answered, for a while, per identity. */
export interface Cache {
  /** What this process has kept, however old. Reads, and changes nothing: for the hot path. */
  last<V> (slot: Slot<V>): Kept<V> | undefined
  /** A reading without a look at the second tier. */
  begin (): Reading
  /** What the replicas have, and the reading to go on with when that is nothing. Never rejects. Undefined: there is no second tier for this slot, or it is away. */
  fromReplicas<V> (slot: Slot<V>): Promise<{ readonly kept: Kept<V> | undefined, readonly reading: Reading }> | undefined
  /**
   * Keeps what a reading has found, unless it was overtaken by a change, memory is short, or it is too large.
   * @param chars length of the value as JSON
   * @param ttlMs how long it may be reused, jitter included; 0 = it may only stand in, on this replica alone
   */
  keep<V> (slot: Slot<V>, reading: Reading, value: V, chars: number, ttlMs: number): void
  /** Has the topic stood still since a reading began? Whoever comes after a change does not join a reading from before it. */
  stands (topic: Topic, since: number): boolean
  /** The server says that this has changed: gone here, and on the other replicas. */
  forget (topic: Topic): void
  /** What this process holds right now. */
  readonly size: { readonly entries: number, readonly bytes: number }
  close (): void
}
