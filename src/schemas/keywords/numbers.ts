import { allOf, mismatch } from '../types.ts'
import type { Check, Keyword, SchemaObject } from '../types.ts'

/** `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` (as numbers, or as draft-04 switches) and `multipleOf`. */
export const numberKeywords: Keyword = (schema) => {
  const checks = [...lowerBounds(schema), ...upperBounds(schema), ...multiples(schema)]
  return checks.length === 0 ? undefined : allOf(checks)
}

function lowerBounds ({ minimum, exclusiveMinimum }: SchemaObject): Check[] {
  const checks: Check[] = []
  if (typeof exclusiveMinimum === 'number') checks.push((value, run) => typeof value !== 'number' || value > exclusiveMinimum || mismatch(run, `more than ${exclusiveMinimum}`))
  if (typeof minimum !== 'number') return checks
  if (exclusiveMinimum === true) checks.push((value, run) => typeof value !== 'number' || value > minimum || mismatch(run, `more than ${minimum}`))
  else checks.push((value, run) => typeof value !== 'number' || value >= minimum || mismatch(run, `at least ${minimum}`))
  return checks
}

function upperBounds ({ maximum, exclusiveMaximum }: SchemaObject): Check[] {
  const checks: Check[] = []
  if (typeof exclusiveMaximum === 'number') checks.push((value, run) => typeof value !== 'number' || value < exclusiveMaximum || mismatch(run, `less than ${exclusiveMaximum}`))
  if (typeof maximum !== 'number') return checks
  if (exclusiveMaximum === true) checks.push((value, run) => typeof value !== 'number' || value < maximum || mismatch(run, `less than ${maximum}`))
  else checks.push((value, run) => typeof value !== 'number' || value <= maximum || mismatch(run, `at most ${maximum}`))
  return checks
}

function multiples ({ multipleOf }: SchemaObject): Check[] {
  if (typeof multipleOf !== 'number' || !(multipleOf > 0)) return []
  return [(value, run) => typeof value !== 'number' || Number.isInteger(value / multipleOf) || mismatch(run, `a multiple of ${multipleOf}`)]
}
