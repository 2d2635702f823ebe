import type { ReloadOutcome } from '../shared/reload-outcome.ts'
import type { Settings } from '../shared/settings.ts'

/** Where a member stands among the others. */
export interface Place {
  /** From 0. */
  readonly index: number
  readonly count: number
  /** Unix socket of each member, by index: where it takes requests that belong to it. */
  readonly sockets: readonly string[]
}

/** What the primary tells a member. */
export type Order =
  | { readonly kind: 'begin', readonly settings: Settings, readonly place: Place }
  | { readonly kind: 'ask', readonly id: number, readonly question: string, readonly of: string }
  | { readonly kind: 'owned', readonly key: string, readonly owner: number }
  | { readonly kind: 'gathered', readonly id: number, readonly answers: readonly unknown[] }
  /** Another snapshot, already divided. */
  | { readonly kind: 'reload', readonly id: number, readonly settings: Settings }
  | { readonly kind: 'refused', readonly faults: readonly string[] }
  /** What became of a reload that the member wanted. */
  | { readonly kind: 'reloaded', readonly outcome: ReloadOutcome | undefined }
  | { readonly kind: 'drain', readonly reason: string }
  | { readonly kind: 'stop' }

/** What a member tells the primary. */
export type Report =
  | { readonly kind: 'listening', readonly url: string, readonly managementUrl: string }
  /** `details`: the system's code, address and port. */
  | { readonly kind: 'failed', readonly message: string, readonly details: Readonly<Record<string, string | number>> }
  | { readonly kind: 'answer', readonly id: number, readonly answer: unknown }
  /** Somebody wants the configuration to be read anew. */
  | { readonly kind: 'want-reload' }
  /** Who owns this key? */
  | { readonly kind: 'claim', readonly key: string }
  /** To be put to every member, this one included. */
  | { readonly kind: 'gather', readonly id: number, readonly question: string, readonly of: string }
