import type { ErrorObject } from 'ajv'
import type { Path } from '../fault.ts'
import { didYouMean } from './did-you-mean.ts'
import { expectedWords, foundWords } from './words.ts'
import type { SchemaWords } from './words.ts'

/** A schema error in words: where, and one sentence. */
export interface Explained { readonly path: Path, readonly message: string }

/**
 * Ajv's errors as sentences: one for each place. What a union's branches complain of is left out, because the union
 * itself says what it takes.
 */
export function explain (errors: readonly ErrorObject[], data: unknown): Explained[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf')
  const seen = new Set<string>()
  const explained: Explained[] = []
  for (const error of errors) {
    if (unions.some((union) => error !== union && isInside(error, union))) continue
    const one = explainOne(error, data)
    const place = JSON.stringify(one.path)
    if (seen.has(place)) continue
    seen.add(place)
    explained.push(one)
  }
  return explained
}

function explainOne (error: ErrorObject, data: unknown): Explained {
  const path = pathOf(error.instancePath, data)
  const schema = (error.parentSchema ?? {}) as SchemaWords
  const params = error.params as Readonly<Record<string, unknown>>
  if (error.keyword === 'additionalProperties') {
    const name = String(params['additionalProperty'])
    return { path: [...path, name], message: unknownKey(name, Object.keys(schema.properties ?? {})) }
  }
  if (error.keyword === 'required') {
    const name = String(params['missingProperty'])
    return { path: [...path, name], message: `expected ${expectedWords(schema.properties?.[name] ?? {})}, but the key is missing` }
  }
  return { path, message: `expected ${expectedWords(schema, error.keyword)}, got ${found(error, schema)}` }
}

/** An unknown key at a strict level, with what was probably meant or what is known there. */
function unknownKey (name: string, known: readonly string[]): string {
  const hint = didYouMean(name, known)
  if (hint !== '') return `unknown key${hint}`
  return known.length <= 12 ? `unknown key; expected one of ${known.join(', ')}` : 'unknown key'
}

/** Numbers, and words of closed lists, are repeated: they cannot be secrets. */
function found (error: ErrorObject, schema: SchemaWords): string {
  const value: unknown = error.data
  if (schema.enum !== undefined && typeof value === 'string' && value.length <= 40) return JSON.stringify(value)
  if (typeof value === 'number' && ['minimum', 'maximum', 'type'].includes(error.keyword) && schema.type !== 'string') return String(value)
  return error.keyword === 'pattern' ? 'something else' : foundWords(value)
}

function isInside (error: ErrorObject, union: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${union.schemaPath}/`) && `${error.instancePath}/`.startsWith(`${union.instancePath}/`)
}

/** A JSON pointer as a path; list positions become numbers. */
function pathOf (pointer: string, data: unknown): (string | number)[] {
  const path: (string | number)[] = []
  let current = data
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(current) ? Number(name) : name)
    current = (current as Record<string, unknown> | undefined)?.[name]
  }
  return path
}
