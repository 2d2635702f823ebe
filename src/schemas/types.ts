/** What does not fit, and where. */
export interface Mismatch {
  /** Member by member from the value's top; empty = the value itself. */
  readonly path: readonly string[]
  /** What was expected there, in words that follow "expected". From the schema, at most a few hundred characters. */
  readonly expected: string
}

/** What became of one check. */
export type Verdict =
  | { readonly kind: 'fits' }
  | { readonly kind: 'mismatch', readonly mismatch: Mismatch }
  /** Nothing can be made of the schema, so it says nothing. */
  | { readonly kind: 'unreadable' }
  /** Not decided in time. Whoever chose the value may have wanted just that, so it must not count as fitting (T37). */
  | { readonly kind: 'late' }
  /** More are waiting for a thread than may. */
  | { readonly kind: 'busy' }
  /** The value says a member twice, and readers may differ about which one counts (T34). Only of values that are bytes. */
  | { readonly kind: 'repeated' }

/** One run of a schema over one value. */
export interface Run {
  /** Steps that are left; below 0 the run ends with {@link TOO_COSTLY}. */
  steps: number
  /** References that are being followed. */
  depth: number
  /** Of the newest mismatch: path from the inside out. */
  path: string[]
  expected: string
}

/** Does the value fit? If not, the run says why. Throws {@link TOO_COSTLY} when the run costs too much. */
export type Check = (value: unknown, run: Run) => boolean

/** Compiles one schema inside another. */
export type CompileInner = (schema: unknown) => Check

/** Makes the check of the keywords it knows of one schema object; undefined = none of them is there. */
export type Keyword = (schema: SchemaObject, compile: CompileInner) => Check | undefined

/** A schema that is no boolean. */
export type SchemaObject = Readonly<Record<string, unknown>>

/** Thrown, and caught where the run began. */
export const TOO_COSTLY = Symbol('too costly')

/** A schema that can be run inline. */
export interface CompiledSchema {
  /** Undefined = the value fits. `too costly` = not decided within {@link MAX_STEPS}. Never throws. */
  run (value: unknown): Mismatch | 'too costly' | undefined
}

/** Checks of one value at most; some 20 ns each, so a run ends within a few milliseconds (FR35). */
export const MAX_STEPS = 100_000

/** An object, and no array. */
export function isObject (value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Takes steps from the run. */
export function spend (run: Run, steps: number): void {
  run.steps -= steps
  // No fault: it says nothing, and whoever began the run catches it.
  if (run.steps < 0) throw TOO_COSTLY
}

/** Notes what was expected of the value at hand. */
export function mismatch (run: Run, expected: string): false {
  run.path = []
  run.expected = expected
  return false
}

/** Notes that the mismatch was inside this member. */
export function inside (run: Run, member: string | number): false {
  run.path.push(String(member))
  return false
}

/** All of them, in order; each is a step. */
export function allOf (checks: readonly Check[]): Check {
  const [first, second] = checks
  if (first === undefined) return () => true
  if (second === undefined) return first
  return (value, run) => {
    spend(run, checks.length)
    for (const check of checks) if (!check(value, run)) return false
    return true
  }
}
