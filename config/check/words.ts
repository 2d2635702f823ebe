/** The part of a schema that a sentence needs. */
export interface SchemaWords {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly 'x-expected'?: string
  readonly properties?: Readonly<Record<string, SchemaWords>>
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string', number: 'a number', integer: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object'
}

/** What a schema asks for, in the words of somebody who never read a schema. */
export function expectedWords (schema: SchemaWords, keyword = 'type'): string {
  if (schema['x-expected'] !== undefined) return schema['x-expected']
  if (schema.enum !== undefined) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`
  const kind = KINDS[schema.type ?? ''] ?? 'another value'
  const range = rangeWords(schema, keyword)
  return range === '' ? kind : `${kind} ${range}`
}

/** What a value is. Strings are never repeated: they may be secrets. */
export function foundWords (value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value === '') return 'an empty string'
  if (typeof value === 'boolean') return String(value)
  return KINDS[typeof value] ?? 'nothing'
}

/** Bounds of numbers always; lengths only where the length is what is wrong. */
function rangeWords (schema: SchemaWords, keyword: string): string {
  const { minimum, maximum } = schema
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`
  if (keyword === 'type' || keyword === 'required') return ''
  if (schema.type === 'string' && schema.maxLength !== undefined) return `of ${schema.minLength ?? 0} to ${schema.maxLength} characters`
  if (schema.type === 'array' && schema.minItems !== undefined) return `of at least ${schema.minItems}`
  if (schema.type === 'array' && schema.maxItems !== undefined) return `of at most ${schema.maxItems}`
  return ''
}
