/** Reuse of what servers answered, per identity. */
export interface CacheSettings {
  /** Lists that a server gave no time for. Default 60 000; 0 = not reused. */
  readonly listTtlMs: number
  /** Most bytes in this process. Default 64 MiB. */
  readonly maxBytes: number
}

/** What holds for one server's answers. */
export interface ServerCacheSettings {
  /** In place of {@link CacheSettings.listTtlMs}; 0 = not reused. */
  readonly listTtlMs?: number
  /** Contents of resources that the server gave no time for. Absent = 0: a tool may have changed them a moment ago, and nobody would tell. */
  readonly readTtlMs?: number
  /** Answers that the server calls public are reused for all users of the tenant. The operator's word, because a server's alone would let it show one user's data to others (T23). Absent = no. */
  readonly public?: boolean
}
