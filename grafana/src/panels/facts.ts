import type { Levels } from '../levels.ts'

/** What every panel has. */
export interface PanelFacts {
  /** A question, or the one thing that is shown. */
  readonly title: string
  /** What it is, and what to do when it is not green. Shown behind the (i). */
  readonly about: string
  /** One of Grafana's units: `reqps`, `s`, `percentunit` (0 to 1), `bytes`, `short`. */
  readonly unit: string
  /** Default: neutral. */
  readonly levels?: Levels
  /** In place of a value that is not there. Default: `none`. */
  readonly nothing?: string
}

/** Default of {@link PanelFacts.nothing}. */
export const NOTHING = 'none'
