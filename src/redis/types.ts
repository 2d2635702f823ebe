/** One of the atomic actions: a Lua file of this room, known to the server by its hash. */
export interface Script {
  /** `<topic>/<name>`, as its file. */
  readonly name: string
  readonly text: string
  /** Lower-case hex of SHA-1 over the text: the name that Redis keeps it by. */
  readonly sha1: string
}

/** What Lua gives back. */
export type RedisReply = string | number | null | readonly RedisReply[]

/**
 * The one way to Redis for every room that shares state. Keys come from `keys.ts`, complete with prefix and hash tag; values that decide about
 * anybody's rights are sealed by {@link SignedValues}. Every promise rejects with {@link RedisAway} within `commandTimeoutMs` when
 * the server does not answer, and at once while it is known to be away: nothing waits in a queue.
 */
export interface RedisStore {
  /** `up`: commands are sent. `away`: they fail at once, but for one now and then that tries (FR20, FR21). */
  readonly state: 'up' | 'away'
  /** Called on each change of {@link state}. Returns what ends it. */
  onState (listener: (state: 'up' | 'away') => void): () => void
  /** Runs a script: one round trip, loading it again when the server has lost it (FR23). All keys must have one hash tag. */
  run (script: Script, keys: readonly string[], args: ReadonlyArray<string | number>): Promise<RedisReply>
  /** The same, with nobody waiting: sent with the commands of this turn of the event loop; what fails is counted. */
  send (script: Script, keys: readonly string[], args: ReadonlyArray<string | number>): void
  get (key: string): Promise<string | undefined>
  /** Every key has an end (FR25). */
  set (key: string, value: string, ttlMs: number): Promise<void>
  delete (key: string): Promise<void>
  /** To every replica, this one included, that listens right now. */
  publish (channel: string, text: string): Promise<void>
  /**
   * `onGap` is called when messages may have been missed until now: once after the first subscription of the channel stands, and
   * whenever the connection was lost and is back. So reading the state in `onGap` misses nothing. Returns what ends it.
   */
  subscribe (channel: string, onText: (text: string) => void, onGap: () => void): () => void
  /** Appends to a stream that keeps about `maxLength` entries and ends 30 days after its last one. */
  append (stream: string, fields: Readonly<Record<string, string>>, maxLength: number): Promise<void>
  close (): Promise<void>
}

/** Redis did not answer: decide without it. */
export class RedisAway extends Error {
  constructor (reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'RedisAway'
  }
}

/** Values that somebody who can write to Redis must not be able to make up (T57): HMAC over key and value. */
export interface SignedValues {
  /** The text to store under `key`. */
  sign (key: string, value: string): string
  /** What was signed for this very key; undefined = it was not, which is counted and treated as absent. */
  verify (key: string, stored: string): string | undefined
}
