import type { Revocation } from './revocation.ts'

/** Where revocations are kept: a file, or what replicas share. All rejections mean that it is away. */
export interface RevocationStore {
  /** All entries; undefined = the same as the last time. */
  read (): Promise<readonly Revocation[] | undefined>
  /** Keeps one, and tells whoever watches. Adding an entry again changes nothing. */
  add (entry: Revocation): Promise<void>
  /** Called when something may have been added by others. Returns what ends it. */
  watch (onAdded: () => void): () => void
}
