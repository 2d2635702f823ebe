import { arrayKeywords } from './keywords/arrays.ts'
import { combinationKeywords } from './keywords/combinations.ts'
import { numberKeywords } from './keywords/numbers.ts'
import { objectKeywords } from './keywords/objects.ts'
import { stringKeywords } from './keywords/strings.ts'
import { constKeyword, enumKeyword, typeKeyword } from './keywords/type.ts'
import { OUTSIDE } from './outside.ts'
import { isOldDialect, objectsIn, refersOut, resolveRef } from './references.ts'
import { allOf, isObject, MAX_STEPS, mismatch, spend, TOO_COSTLY } from './types.ts'
import type { Check, CompiledSchema, Keyword, Mismatch, Run, SchemaObject } from './types.ts'

/** Patterns of one schema: each takes its time to compile. */
const MAX_PATTERNS = 50
/** Deepest nesting of schemas in schemas that is run inline (rulings 4). */
const MAX_DEPTH = 16
/** References that may be followed inside one another: below the stack's end, above any value's depth. */
const MAX_REFERENCES = 200

const KEYWORDS: readonly Keyword[] = [typeKeyword, constKeyword, enumKeyword, numberKeywords, stringKeywords, objectKeywords, arrayKeywords, combinationKeywords]

/** Keywords that change what others mean, or look at what others have looked at. */
const NOT_HERE = ['$dynamicRef', '$recursiveRef', 'unevaluatedProperties', 'unevaluatedItems'] as const

/**
 * Compiles a schema for runs on the event loop: no code is made of it, and a run ends after a fixed number of steps. A keyword
 * that is malformed says nothing, as one that is not known.
 * @returns `outside` = it has to be checked in a thread; `refers out` = it needs a document that is not there, and nothing may be fetched
 */
export function compileSchema (schema: unknown): CompiledSchema | 'outside' | 'refers out' {
  try {
    if (patternsIn(schema) > MAX_PATTERNS) throw OUTSIDE
    return runnable(new Compiler(schema).compile(schema, 1))
  } catch (thrown) {
    if (thrown === OUTSIDE) return refersOut(schema) ? 'refers out' : 'outside'
    throw thrown
  }
}

function patternsIn (schema: unknown): number {
  let count = 0
  for (const inner of objectsIn(schema)) {
    if (typeof inner['pattern'] === 'string') count++
    if (isObject(inner['patternProperties'])) count += Object.keys(inner['patternProperties']).length
  }
  return count
}

class Compiler {
  readonly #root: unknown
  readonly #isOld: boolean
  /** By reference, so that one that leads back to itself ends. */
  readonly #referenced = new Map<string, { check: Check | undefined }>()

  constructor (root: unknown) {
    this.#root = root
    this.#isOld = isOldDialect(root)
  }

  compile (schema: unknown, depth: number): Check {
    if (schema === false) return (_value, run) => mismatch(run, 'no value at all')
    if (!isObject(schema)) return () => true
    if (depth > MAX_DEPTH) throw OUTSIDE
    if (NOT_HERE.some((keyword) => Object.hasOwn(schema, keyword))) throw OUTSIDE
    // An inner document of its own, where references mean something else.
    if (depth > 1 && typeof schema['$id'] === 'string') throw OUTSIDE
    const reference = typeof schema['$ref'] === 'string' ? [this.#reference(schema['$ref'], depth)] : []
    // Draft-07: beside $ref nothing counts.
    if (reference.length > 0 && this.#isOld) return reference[0] as Check
    return allOf([...this.#keywords(schema, depth), ...reference])
  }

  #keywords (schema: SchemaObject, depth: number): Check[] {
    const compileInner = (inner: unknown): Check => this.compile(inner, depth + 1)
    return KEYWORDS.map((keyword) => keyword(schema, compileInner)).filter((check) => check !== undefined)
  }

  #reference (ref: string, depth: number): Check {
    const known = this.#referenced.get(ref)
    const entry = known ?? { check: undefined }
    if (known === undefined) {
      this.#referenced.set(ref, entry)
      entry.check = this.compile(resolveRef(this.#root, ref), depth + 1)
    }
    return (value, run) => {
      if (++run.depth > MAX_REFERENCES) spend(run, Infinity)
      spend(run, 1)
      const fits = entry.check?.(value, run) ?? true
      run.depth--
      return fits
    }
  }
}

function runnable (check: Check): CompiledSchema {
  return {
    run (value) {
      const run: Run = { steps: MAX_STEPS, depth: 0, path: [], expected: '' }
      try {
        return check(value, run) ? undefined : found(run)
      } catch (thrown) {
        // Deeper than the stack: only values that nobody parsed here.
        if (thrown === TOO_COSTLY || thrown instanceof RangeError) return 'too costly'
        throw thrown
      }
    }
  }
}

function found ({ path, expected }: Run): Mismatch {
  return { path: path.reverse(), expected }
}
