import { equalJson } from '../equal-json.ts'
import { allOf, inside, isObject, mismatch, spend } from '../types.ts'
import type { Check, CompileInner, Keyword, SchemaObject } from '../types.ts'
import { isCount } from './strings.ts'

/** `prefixItems` and `items`, `items` and `additionalItems` of draft-07, `contains`, `minItems`, `maxItems`, `uniqueItems`. */
export const arrayKeywords: Keyword = (schema, compile) => {
  const checks = [counts(schema), items(schema, compile), contains(schema, compile), unique(schema)].filter((check) => check !== undefined)
  if (checks.length === 0) return undefined
  const check = allOf(checks)
  return (value, run) => !Array.isArray(value) || check(value, run)
}

function counts ({ minItems, maxItems }: SchemaObject): Check | undefined {
  const least = isCount(minItems) ? minItems : 0
  const most = isCount(maxItems) ? maxItems : Infinity
  if (least === 0 && most === Infinity) return undefined
  return (value, run) => {
    const { length } = value as readonly unknown[]
    if (length < least) return mismatch(run, `at least ${least} items`)
    return length <= most || mismatch(run, `at most ${most} items`)
  }
}

function items ({ prefixItems, items, additionalItems }: SchemaObject, compile: CompileInner): Check | undefined {
  const written: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  const first = written.map(compile)
  const rest = Array.isArray(items) ? additionalItems : items
  const others = isObject(rest) || rest === false ? compile(rest) : undefined
  if (first.length === 0 && others === undefined) return undefined
  return (value, run) => {
    for (const [at, item] of (value as readonly unknown[]).entries()) {
      spend(run, 1)
      const check = first[at] ?? others
      if (check !== undefined && !check(item, run)) return inside(run, at)
    }
    return true
  }
}

function contains ({ contains, minContains, maxContains }: SchemaObject, compile: CompileInner): Check | undefined {
  if (contains === undefined) return undefined
  const check = compile(contains)
  const least = isCount(minContains) ? minContains : 1
  const most = isCount(maxContains) ? maxContains : Infinity
  return (value, run) => {
    let found = 0
    for (const item of value as readonly unknown[]) {
      spend(run, 1)
      if (check(item, run)) found++
    }
    return (found >= least && found <= most) || mismatch(run, `${least === 1 && most === Infinity ? 'an item' : `${least} to ${most} items`} of a certain form`)
  }
}

function unique ({ uniqueItems }: SchemaObject): Check | undefined {
  if (uniqueItems !== true) return undefined
  return (value, run) => {
    const scalars = new Set<unknown>()
    const others: unknown[] = []
    for (const item of value as readonly unknown[]) {
      spend(run, 1)
      const isScalar = typeof item !== 'object' || item === null
      if (isScalar ? scalars.has(item) : others.some((other) => equalJson(item, other, run))) return mismatch(run, 'items that all differ')
      if (isScalar) scalars.add(item)
      else others.push(item)
    }
    return true
  }
}
