import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSchema, createSchemaBook, type Mismatch } from '../../../src/schemas/index.ts'

function mismatchOf (schema: unknown, value: unknown): Mismatch | 'too costly' | undefined {
  const compiled = compileSchema(schema)
  assert.ok(typeof compiled === 'object', String(compiled))
  return compiled.run(value)
}

test('a mismatch names the place and what was expected there', () => {
  const schema = {
    type: 'object',
    properties: { path: { type: 'string', maxLength: 3 }, edits: { type: 'array', items: { type: 'object', properties: { line: { type: 'integer', minimum: 1 } }, required: ['line'] } }, mode: { enum: ['r', 'w'] } },
    required: ['path'],
    additionalProperties: false
  }
  const rows: ReadonlyArray<readonly [value: unknown, path: readonly string[], expected: string]> = [
    [{}, ['path'], 'a value, but it is missing'],
    [{ path: 1 }, ['path'], 'a string'],
    [{ path: 'abcd' }, ['path'], 'at most 3 characters'],
    [{ path: 'a', edits: [{ line: 1 }, { line: 0 }] }, ['edits', '1', 'line'], 'at least 1'],
    [{ path: 'a', edits: [{}] }, ['edits', '0', 'line'], 'a value, but it is missing'],
    [{ path: 'a', mode: 'x' }, ['mode'], 'one of "r", "w"'],
    [{ path: 'a', other: 1 }, ['other'], 'no such member; known are "path", "edits", "mode"'],
    ['text', [], 'an object']
  ]
  for (const [value, path, expected] of rows) assert.deepEqual(mismatchOf(schema, value), { path, expected })
  assert.equal(mismatchOf(schema, { path: '😀a😀', edits: [], mode: 'w' }), undefined)
})

test('of several forms, the one that came furthest is named, or all that failed at the top', () => {
  assert.deepEqual(mismatchOf({ anyOf: [{ type: 'string' }, { type: 'null' }] }, 1), { path: [], expected: 'a string, or null' })
  assert.deepEqual(mismatchOf({ anyOf: [{ type: 'string' }, { properties: { a: { type: 'string' } } }] }, { a: 1 }), { path: ['a'], expected: 'a string' })
})

test('members called __proto__ and constructor are members like others', () => {
  const schema = JSON.parse('{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"required":["constructor"]}') as unknown
  assert.deepEqual(mismatchOf(schema, JSON.parse('{"__proto__":1,"constructor":"x"}')), { path: ['__proto__'], expected: 'a string' })
  assert.deepEqual(mismatchOf(schema, {}), { path: ['constructor'], expected: 'a value, but it is missing' })
})

test('a keyword that is malformed, unknown or an annotation says nothing', () => {
  for (const schema of [{ type: 'any' }, { required: true }, { properties: 7 }, { format: 'email' }, { minLength: -1 }, { pattern: 7 }, { enum: 'a' }, { 'x-own': [] }, true, 'schema']) assert.equal(mismatchOf(schema, 'a'), undefined, JSON.stringify(schema))
  assert.equal(mismatchOf({ type: 'string', nullable: true }, null), undefined)
  assert.deepEqual(mismatchOf(false, 1), { path: [], expected: 'no value at all' })
})

test('beside $ref, draft-07 hears nothing and 2020-12 everything', () => {
  const schema = { $defs: { any: {} }, $ref: '#/$defs/any', type: 'string' }
  assert.ok(mismatchOf(schema, 1))
  assert.equal(mismatchOf({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' }, 1), undefined)
})

test('a tree is held to a schema that refers to itself', () => {
  const schema = { $defs: { node: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } }, name: { type: 'string' } }, required: ['name'] } }, $ref: '#/$defs/node' }
  assert.equal(mismatchOf(schema, { name: 'a', children: [{ name: 'b', children: [] }] }), undefined)
  assert.deepEqual(mismatchOf(schema, { name: 'a', children: [{ name: 'b', children: [{}] }] }), { path: ['children', '0', 'children', '0', 'name'], expected: 'a value, but it is missing' })
})

test('equal schemas are one check, whoever brought them; what is no object is none', () => {
  const book = createSchemaBook()
  const one = book.of({ type: 'object', properties: {} })
  assert.ok(one !== undefined && one === book.of(JSON.parse('{"type":"object","properties":{}}')))
  assert.notEqual(one, book.of({ type: 'object' }))
  assert.deepEqual([undefined, null, true, 'x'].map((schema) => book.of(schema)), [undefined, undefined, undefined, undefined])
})

test('what is run inline, in a thread, or not', () => {
  const book = createSchemaBook()
  const nested = (depth: number): object => depth === 0 ? {} : { properties: { a: nested(depth - 1) } }
  const kindOf = (schema: object): unknown => book.of(schema)?.kind
  assert.equal(kindOf({ pattern: '^a+$' }), 'inline')
  assert.equal(kindOf({ $ref: '#/$defs/a', $defs: { a: {} } }), 'inline')
  assert.equal(kindOf(nested(15)), 'inline')
  for (const schema of [nested(16), { pattern: '(?=a)b' }, { pattern: '(a)\\1' }, { pattern: '(x{30}){40}' }, { unevaluatedProperties: false }, { $ref: '#anchor' }, { enum: ['x'.repeat(66_000)] }, { allOf: Array.from({ length: 51 }, () => ({ pattern: 'a' })) }]) assert.equal(kindOf(schema), 'thread', JSON.stringify(schema).slice(0, 100))
  for (const schema of [{ properties: { a: { $ref: 'http://127.0.0.1:9/x.json' } } }, { $ref: 'other.json' }, { $ref: 'https://example.com/x', enum: ['x'.repeat(66_000)] }]) assert.equal(kindOf(schema), 'refers out')
  assert.equal(kindOf({ properties: { schema: { $ref: 'http://json-schema.org/draft-07/schema#' } } }), 'thread')
  assert.equal(kindOf({ enum: ['x'.repeat(1_100_000)] }), 'too large')
})
