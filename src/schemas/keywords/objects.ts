import { compilePattern } from '../pattern.ts'
import { spelled } from '../equal-json.ts'
import { allOf, inside, isObject, mismatch, spend } from '../types.ts'
import type { Check, CompileInner, Keyword, SchemaObject } from '../types.ts'
import { isCount } from './strings.ts'

/** A schema for some members of an object. */
interface MemberRule { readonly matches: (name: string) => boolean, readonly check: Check }

/** `required`, `properties`, `patternProperties`, `additionalProperties`, `propertyNames`, `minProperties`, `maxProperties`, and what members need of one another. */
export const objectKeywords: Keyword = (schema, compile) => {
  const checks = [required(schema), members(schema, compile), names(schema, compile), counts(schema), dependents(schema, compile)].filter((check) => check !== undefined)
  if (checks.length === 0) return undefined
  const check = allOf(checks)
  return (value, run) => !isObject(value) || check(value, run)
}

function required ({ required }: SchemaObject): Check | undefined {
  if (!Array.isArray(required) || required.length === 0) return undefined
  const needed = required.filter((name) => typeof name === 'string')
  return (value, run) => {
    spend(run, needed.length)
    for (const name of needed) if (!Object.hasOwn(value as object, name)) return missing(run, name)
    return true
  }
}

function missing (run: Parameters<Check>[1], name: string): false {
  mismatch(run, 'a value, but it is missing')
  return inside(run, name)
}

/** One walk over the members that are there, for the three keywords that say which schema each of them has. */
function members ({ properties, patternProperties, additionalProperties }: SchemaObject, compile: CompileInner): Check | undefined {
  const own = new Map(isObject(properties) ? Object.entries(properties).map(([name, schema]) => [name, compile(schema)] as const) : [])
  const patterns: readonly MemberRule[] = isObject(patternProperties) ? Object.entries(patternProperties).map(([pattern, schema]) => ({ matches: compilePattern(pattern), check: compile(schema) })) : []
  const isClosed = additionalProperties === false
  const others = isObject(additionalProperties) ? compile(additionalProperties) : undefined
  if (own.size === 0 && patterns.length === 0 && !isClosed && others === undefined) return undefined
  const expectedNames = own.size === 0 ? 'no such member' : `no such member; known are ${[...own.keys()].slice(0, 20).map(spelled).join(', ')}${own.size > 20 ? ', …' : ''}`
  return (value, run) => {
    const object = value as SchemaObject
    for (const name of Object.keys(object)) {
      spend(run, 1 + patterns.length)
      const check = own.get(name)
      if (check !== undefined && !check(object[name], run)) return inside(run, name)
      const isKnown = patterns.length === 0 ? check !== undefined : heldToPatterns(patterns, name, object[name], run, check !== undefined)
      if (isKnown === undefined) return inside(run, name)
      if (isKnown) continue
      if (isClosed) {
        mismatch(run, expectedNames)
        return inside(run, name)
      }
      if (others !== undefined && !others(object[name], run)) return inside(run, name)
    }
    return true
  }
}

/** Undefined = it does not fit; otherwise whether some keyword knows the member. */
function heldToPatterns (patterns: readonly MemberRule[], name: string, value: unknown, run: Parameters<Check>[1], isKnown: boolean): boolean | undefined {
  spend(run, patterns.length * name.length)
  for (const { matches, check } of patterns) {
    if (!matches(name)) continue
    if (!check(value, run)) return undefined
    isKnown = true
  }
  return isKnown
}

function names ({ propertyNames }: SchemaObject, compile: CompileInner): Check | undefined {
  if (propertyNames === undefined) return undefined
  const check = compile(propertyNames)
  return (value, run) => {
    for (const name of Object.keys(value as object)) {
      spend(run, 1)
      if (!check(name, run)) {
        mismatch(run, `another name of the member: ${run.expected}`)
        return inside(run, name)
      }
    }
    return true
  }
}

function counts ({ minProperties, maxProperties }: SchemaObject): Check | undefined {
  const least = isCount(minProperties) ? minProperties : 0
  const most = isCount(maxProperties) ? maxProperties : Infinity
  if (least === 0 && most === Infinity) return undefined
  return (value, run) => {
    const count = Object.keys(value as object).length
    if (count < least) return mismatch(run, `at least ${least} members`)
    return count <= most || mismatch(run, `at most ${most} members`)
  }
}

/** `dependentRequired`, `dependentSchemas`, and `dependencies` of draft-07, which is either. */
function dependents ({ dependentRequired, dependentSchemas, dependencies }: SchemaObject, compile: CompileInner): Check | undefined {
  const all = [dependentRequired, dependentSchemas, dependencies].filter(isObject).flatMap(Object.entries)
  const checks = all.map(([name, needs]: [string, unknown]): Check => {
    const check = Array.isArray(needs) ? required({ required: needs }) : compile(needs)
    return (value, run) => check === undefined || !Object.hasOwn(value as object, name) || check(value, run)
  })
  return checks.length === 0 ? undefined : allOf(checks)
}
