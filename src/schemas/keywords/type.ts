import { mismatch, spend } from '../types.ts'
import type { Check, Keyword, SchemaObject } from '../types.ts'
import { equalJson, spelled } from '../equal-json.ts'

const TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
}

const ARTICLES: Readonly<Record<string, string>> = { string: 'a string', number: 'a number', integer: 'a whole number', boolean: 'true or false', null: 'null', array: 'an array', object: 'an object' }

/** `type`, and `nullable` beside it as OpenAPI writes it. Names that are no types say nothing. */
export const typeKeyword: Keyword = (schema) => {
  const names = typesOf(schema)
  const tests = names.map((name) => TESTS[name]).filter((test) => test !== undefined)
  const [only] = tests
  if (only === undefined) return undefined
  const expected = names.map((name) => ARTICLES[name]).join(' or ')
  if (tests.length === 1) return (value, run) => only(value) || mismatch(run, expected)
  return (value, run) => tests.some((test) => test(value)) || mismatch(run, expected)
}

function typesOf ({ type, nullable }: SchemaObject): string[] {
  const written: readonly unknown[] = Array.isArray(type) ? type : [type]
  // What is not known might allow anything.
  if (!written.every((name): name is string => typeof name === 'string' && Object.hasOwn(TESTS, name))) return []
  return nullable === true && !written.includes('null') ? [...written, 'null'] : [...written]
}

/** `const` */
export const constKeyword: Keyword = (schema) => Object.hasOwn(schema, 'const') ? oneOfValues([schema['const']]) : undefined

/** `enum` */
export const enumKeyword: Keyword = ({ enum: allowed }) => Array.isArray(allowed) ? oneOfValues(allowed) : undefined

function oneOfValues (allowed: readonly unknown[]): Check {
  const scalars = new Set(allowed.filter((one) => typeof one !== 'object' || one === null))
  const others: readonly unknown[] = allowed.filter((one) => typeof one === 'object' && one !== null)
  const expected = allowed.length === 1 ? spelled(allowed[0]) : `one of ${allowed.slice(0, 10).map(spelled).join(', ')}${allowed.length > 10 ? ', …' : ''}`
  return (value, run) => {
    if (scalars.has(value)) return true
    for (const one of others) if (equalJson(value, one, run)) return true
    spend(run, others.length)
    return mismatch(run, expected)
  }
}
