import { compilePattern } from '../pattern.ts'
import { spelled } from '../equal-json.ts'
import { allOf, mismatch, spend } from '../types.ts'
import type { Check, Keyword } from '../types.ts'

/** Characters that a pattern looks at for the price of one step. */
const CHARS_PER_STEP = 2

/** `minLength`, `maxLength` and `pattern`. `format` says nothing, as JSON Schema 2020-12 has it by default. */
export const stringKeywords: Keyword = ({ minLength, maxLength, pattern }) => {
  const checks: Check[] = []
  if (isCount(minLength)) checks.push((value, run) => typeof value !== 'string' || atLeast(value, minLength) || mismatch(run, `at least ${minLength} characters`))
  if (isCount(maxLength)) checks.push((value, run) => typeof value !== 'string' || atMost(value, maxLength) || mismatch(run, `at most ${maxLength} characters`))
  if (typeof pattern === 'string') checks.push(patternCheck(pattern))
  return checks.length === 0 ? undefined : allOf(checks)
}

function patternCheck (pattern: string): Check {
  const matches = compilePattern(pattern)
  const expected = `a string that matches ${spelled(pattern)}`
  return (value, run) => {
    if (typeof value !== 'string') return true
    spend(run, Math.ceil(value.length / CHARS_PER_STEP))
    return matches(value) || mismatch(run, expected)
  }
}

/** Characters are code points; a string has at least half as many as it has units. */
function atLeast (text: string, count: number): boolean {
  if (text.length < count) return false
  return text.length >= 2 * count || codePoints(text) >= count
}

function atMost (text: string, count: number): boolean {
  if (text.length <= count) return true
  return text.length <= 2 * count && codePoints(text) <= count
}

function codePoints (text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++, count++) if ((text.codePointAt(at) ?? 0) > 0xFFFF) at++
  return count
}

/** Is this a bound that JSON Schema allows? */
export function isCount (value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
