import type { TenantId } from '../shared/ids.ts'

/** Where the record of a session is: addressed by a hash of its id, within its tenant (T01). */
export interface RecordPlace {
  readonly tenant: TenantId
  /** SHA-256 of the session id, in hex: the id itself is in no store. */
  readonly idHash: string
}

/** A record as it was found. */
export interface FoundRecord {
  readonly text: string
  /** Instance of the replica that has the session; '' = it was given up, anybody may take it. */
  readonly holder: string
}

/** What became of a record that was to be kept alive. `lost`: another replica has taken the session over. */
export type Renewal = 'kept' | 'missing' | 'lost'

/**
 * Records of sessions that another replica may open anew; in Redis. This replica is `self` to it. Every promise rejects when
 * the store is away. What `look` gives was written by a replica for this very place, or is absent (T57).
 */
export interface SessionStore {
  readonly isAway: boolean
  /** Writes a record of a session that lives here; nothing when another replica has it. */
  keep (place: RecordPlace, text: string, ttlMs: number): Promise<void>
  look (place: RecordPlace): Promise<FoundRecord | undefined>
  /** Takes the session over from the holder that `look` told of; false = another one was faster. */
  adopt (place: RecordPlace, from: string, ttlMs: number): Promise<boolean>
  /** Keeps records of one tenant alive; one answer each, in order. */
  renew (tenant: TenantId, records: ReadonlyArray<{ readonly idHash: string, readonly ttlMs: number }>): Promise<readonly Renewal[]>
  /** The session has ended for good. */
  remove (place: RecordPlace): Promise<void>
  /** The session goes on elsewhere: whoever is asked for it next may have it. */
  release (place: RecordPlace): Promise<void>
}
