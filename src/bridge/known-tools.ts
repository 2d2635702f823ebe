import type { ArgumentCheck } from '../schemas/index.ts'

/** The checks of a server's tools, by name; shared by everybody who was given the same list. */
export interface ToolChecks {
  readonly byName: ReadonlyMap<string, ArgumentCheck>
  /** False: there are tools that are not in it. */
  readonly isWhole: boolean
}

/** What is known of the tools behind one worker key, for the path of every call. */
export class KnownTools {
  /** Undefined = nothing, or it has changed since. May be older than the connection. */
  checks: ToolChecks | undefined
  /** What this very connection has listed last, also when it has changed since. Undefined = nothing yet. */
  listed: ToolChecks | undefined
  /** This very connection has said so, and nothing else since: only then is a call refused for it. */
  isCurrent = false
  /** Grows when the list changes: what was asked for before that is not current when it comes. */
  generation = 0
  /** How many workers there were. */
  starts = 0

  /** Another worker, which may have other tools. */
  restarted (): void {
    this.listed = undefined
    this.starts++
    this.#outdate()
  }

  #outdate (): void {
    this.isCurrent = false
    this.generation++
  }

  /** The server says that its list has changed. */
  forget (): void {
    this.checks = undefined
    this.#outdate()
  }
}
