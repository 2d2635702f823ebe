import { RE2JS } from 're2js'
import { OUTSIDE } from './outside.ts'

/** Longer patterns are checked in a thread: what RE2 makes of one grows with it. */
const MAX_PATTERN_CHARS = 1_000
/** The largest `{n}` that is unrolled here, and the most that all of them may make together. */
const MAX_REPEATS = 1_000

/**
 * A test for a schema's `pattern` that takes time in proportion to the text, whatever the pattern (T37).
 * @throws OUTSIDE for what RE2 has not (look-around, back-references) and what would make a large machine
 */
export function compilePattern (pattern: string): (text: string) => boolean {
  if (pattern.length > MAX_PATTERN_CHARS || repeats(pattern) > MAX_REPEATS) throw OUTSIDE
  const machine = machineOf(pattern)
  return (text) => machine.test(text)
}

function machineOf (pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern))
  } catch {
    throw OUTSIDE
  }
}

/** Product of the bounds of repetition, because they may stand inside one another. */
function repeats (pattern: string): number {
  let product = 1
  for (const [, from = '', to = ''] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) product *= Math.max(1, Number(from), Number(to))
  return product
}
