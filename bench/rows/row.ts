import type { Driver } from '../load/driver.ts'
import type { Backend, Target } from '../targets/target.ts'

/** Figures of one measurement by name; the name holds the unit. */
export type Figures = Readonly<Record<string, number>>

/** What one row found for one target. */
export interface Cell {
  readonly row: string
  readonly target: string
  readonly backend: Backend
  /** Sessions and users that the figures belong to. */
  readonly sessions: number
  readonly users: number
  readonly children: Target['children']
  /** One per repeat, in the order measured: repeat k of every target was measured in round k. */
  readonly samples: readonly Figures[]
  /** Figure by figure. */
  readonly median: Figures
  /** Why there is no figure, or what to know about it. */
  readonly note?: string
}

/** How much to do. */
export interface Effort {
  readonly repeats: number
  /** Every round has a process of its own from every target, where the row is one of calls. */
  readonly fresh: boolean
  /** Load on a target that was just started, once, before anything is measured. */
  readonly steadyMs: number
  /** Load right before a window. */
  readonly warmMs: number
  readonly forMs: number
  /** A window in which others used more of the targets' CPU than this share is measured once more. */
  readonly remeasureAbove: number
  /** Divides the counts of the rows that count sessions or calls. */
  readonly divideBy: number
}

export interface Bench {
  readonly driver: Driver
  readonly effort: Effort
  readonly targets: readonly Target[]
  readonly say: (line: string) => void
}
