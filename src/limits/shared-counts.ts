import type { TenantId } from '../shared/ids.ts'
import type { Period } from './calendar.ts'
import type { LimitName } from './types.ts'

/** A window that all replicas count in: at most `limit` in any 60 s. */
export interface SharedWindow {
  readonly name: LimitName
  /** Whose it is among others of the name and tenant; empty = the tenant's own. */
  readonly subject: string
  readonly limit: number
}

/** A count by the calendar that all replicas keep. */
export interface SharedQuota extends SharedWindow {
  readonly period: Period
}

/** Slots that all replicas take from: those of a user, or of a tenant. */
export interface SharedSlots {
  /** Says again, with the next message, how many this replica really holds: what was lost on the way is right then. */
  assert (): void
}

/** What a question was answered with. */
export type SharedVerdict = 'admitted' | 'full' | 'no_slot'

/** Who has asked, and is told exactly once, never in the turn in which it asked. */
export interface Asker {
  /**
   * @param place of the tightest or full window (quotas come behind windows), or of the slots that are all taken
   * @param left places that are left there
   * @param resetS whole seconds until one comes free
   */
  decided (verdict: SharedVerdict, place: number, left: number, resetS: number): void
  /** Nobody knows: it was not answered. It may have been counted. */
  undecided (): void
}

/** A call that waits for a slot which another replica holds. */
export interface Turn {
  /** So long has it waited, in milliseconds: who has waited longest is first. */
  readonly waitedMs: number
  /** For so long its turn is kept, in milliseconds; it asks again before. */
  readonly keptMs: number
}

/** Everything that one kind of request of one caller is counted in, decided together: all or nothing. */
export interface SharedCounter {
  ask (asker: Asker, turn?: Turn): void
  /** Gives the slots back; nobody waits for that. */
  release (): void
}

/** What a {@link SharedCounter} counts. */
export interface SharedCounterParts {
  readonly tenant: TenantId
  readonly windows: readonly SharedWindow[]
  readonly quotas: readonly SharedQuota[]
  readonly slots: ReadonlyArray<{ readonly slots: SharedSlots, readonly limit: number }>
}

/** How many slots are held here right now, granted calls only. */
export interface HeldSlots { readonly held: number }

/** Counts of all replicas together: Redis, or nobody while it is away. */
export interface SharedCounts {
  /** How often slots have to be asserted to stay held, in milliseconds: what a replica held that died is free some four times later. */
  readonly assertEveryMs: number
  /** Nobody answers: ask nothing. */
  readonly isAway: boolean
  /** Called when {@link isAway} changes. Returns what ends it. */
  onChange (listener: () => void): () => void
  slots (tenant: TenantId, kind: 'user' | 'tenant', subject: string, held: HeldSlots): SharedSlots
  counter (parts: SharedCounterParts): SharedCounter
}
