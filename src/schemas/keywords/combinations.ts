import { allOf, mismatch, spend } from '../types.ts'
import type { Check, CompileInner, Keyword, Run, SchemaObject } from '../types.ts'

/** `allOf`, `anyOf`, `oneOf`, `not`, `if` / `then` / `else`. */
export const combinationKeywords: Keyword = (schema, compile) => {
  const checks = [every(schema, compile), some(schema, compile), one(schema, compile), none(schema, compile), conditional(schema, compile)].filter((check) => check !== undefined)
  return checks.length === 0 ? undefined : allOf(checks)
}

function branches (list: unknown, compile: CompileInner): readonly Check[] | undefined {
  return Array.isArray(list) && list.length > 0 ? list.map(compile) : undefined
}

function every (schema: SchemaObject, compile: CompileInner): Check | undefined {
  const checks = branches(schema['allOf'], compile)
  return checks && allOf(checks)
}

function some ({ anyOf }: SchemaObject, compile: CompileInner): Check | undefined {
  const checks = branches(anyOf, compile)
  return checks && ((value, run) => {
    const nearest = new Nearest()
    for (const check of checks) {
      spend(run, 1)
      if (check(value, run)) return true
      nearest.heard(run)
    }
    return nearest.tell(run)
  })
}

function one ({ oneOf }: SchemaObject, compile: CompileInner): Check | undefined {
  const checks = branches(oneOf, compile)
  return checks && ((value, run) => {
    const nearest = new Nearest()
    let fitting = 0
    for (const check of checks) {
      spend(run, 1)
      if (check(value, run)) fitting++
      else nearest.heard(run)
      if (fitting > 1) return mismatch(run, 'exactly one of several forms, but more than one fits')
    }
    return fitting === 1 || nearest.tell(run)
  })
}

function none ({ not }: SchemaObject, compile: CompileInner): Check | undefined {
  if (not === undefined) return undefined
  const check = compile(not)
  return (value, run) => !check(value, run) || mismatch(run, 'anything but this')
}

function conditional (schema: SchemaObject, compile: CompileInner): Check | undefined {
  if (schema['if'] === undefined) return undefined
  const [condition, fulfilled, otherwise] = ['if', 'then', 'else'].map((name) => schema[name] === undefined ? () => true : compile(schema[name])) as [Check, Check, Check]
  return (value, run) => condition(value, run) ? fulfilled(value, run) : otherwise(value, run)
}

/** The mismatch of the branch that came furthest into the value; of several that failed at its top, all that they expected. */
class Nearest {
  #path: readonly string[] = []
  #expected: string[] = []

  heard ({ path, expected }: Run): void {
    if (path.length > this.#path.length) {
      this.#path = path
      this.#expected = [expected]
    } else if (path.length === this.#path.length && this.#expected.length < 5 && !this.#expected.includes(expected)) this.#expected.push(expected)
  }

  tell (run: Run): false {
    run.path = [...this.#path]
    run.expected = this.#path.length === 0 ? this.#expected.join(', or ') : this.#expected[0] ?? ''
    return false
  }
}
