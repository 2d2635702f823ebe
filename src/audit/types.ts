/** Where the lines of one chain are kept, in the order in which they are handed over. */
export interface AuditOutput {
  /** For metrics and the log. */
  readonly kind: 'stdout' | 'file' | 'redis'
  /** What was there before this process: its last whole line, and bytes of one that is not. Called until it succeeds, first. */
  open (): Promise<Before>
  /** Called before each write. @returns true when what follows goes to another file than what came before */
  prepare (): Promise<boolean>
  /**
   * Writes as much as there is room for, at least one byte; one call at a time.
   * @returns bytes that were taken; what is left is handed over again
   * @throws when nothing could be written; it is tried again later
   */
  write (lines: Buffer): Promise<number>
  /** Opens what it writes to by its name again, before the next write. */
  reopen (): void
  close (): Promise<void>
}

/** How an output ended before this process. */
export interface Before {
  /** Without its line break; absent = there was none. */
  readonly lastLine?: string
  /** Of a line without an end: its writer was killed, or the disk full. */
  readonly tornBytes: number
}

/** What becomes of records, for metrics and the log. */
export interface AuditEvents {
  /** A record was given up because a sink could not take it (FR38). */
  readonly dropped: (sink: AuditOutput['kind']) => void
  /** A sink cannot be written to; called once until it can again. The reason is the system's. */
  readonly failing: (sink: AuditOutput['kind'], reason: string) => void
  readonly recovered: (sink: AuditOutput['kind']) => void
  /** A head was written: whoever keeps these elsewhere can tell that a file was cut short. */
  readonly head: (sink: AuditOutput['kind'], chain: string, seq: number, digest: string) => void
}

/** Appends all of the lines or none, in this order; rejects when it cannot. */
export interface AuditStream { append (lines: readonly string[]): Promise<void> }
