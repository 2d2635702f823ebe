import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { disagreeingParam, mirroredName, mirroredParams, mirrorHeaders, type JsonObject, type MirroredParam } from '../../../src/protocol/index.ts'

const mark = (name: unknown, type: unknown = 'string'): JsonObject => ({ type, 'x-mcp-header': name })
const object = (properties: JsonObject): JsonObject => ({ type: 'object', properties })

function nested (depth: number, inner: unknown): unknown {
  let schema = inner
  for (let level = 0; level < depth; level++) schema = object({ a: schema })
  return schema
}

describe('which arguments are mirrored (x-mcp-header, SEP-2243)', () => {
  test('properties at any depth, in their order', () => {
    const schema = object({ region: mark('Region'), deep: object({ n: mark('N', 'integer'), plain: { type: 'string' } }), on: mark('X-On', 'boolean') })
    assert.deepEqual(mirroredParams(schema), {
      ok: true,
      value: [
        { header: 'mcp-param-region', path: ['region'], type: 'string' },
        { header: 'mcp-param-n', path: ['deep', 'n'], type: 'integer' },
        { header: 'mcp-param-x-on', path: ['on'], type: 'boolean' }
      ]
    })
  })

  test('none in what is no schema, in data, and in properties that are only called so', () => {
    const data = { 'x-mcp-header': 'X' }
    for (const schema of [undefined, null, true, [], 'x', {}, { default: data, examples: [data], const: data, enum: [data] }, object({ 'x-mcp-header': { type: 'number' } }), object({ properties: object({ items: { type: 'string' } }) })]) {
      assert.deepEqual(mirroredParams(schema), { ok: true, value: [] })
    }
  })

  const refused: ReadonlyArray<readonly [string, unknown, RegExp]> = [
    ['an empty name', object({ a: mark('') }), /no header name/],
    ['a name that is no text', object({ a: mark(7) }), /no header name/],
    ['a name with a space', object({ a: mark('My Region') }), /no header name/],
    ['a name with a line end', object({ a: mark('Region\r\nX: y') }), /no header name/],
    ['a name with a colon', object({ a: mark('a:b') }), /no header name/],
    ['a name beyond ASCII', object({ a: mark('Région') }), /no header name/],
    ['a very long name', object({ a: mark('x'.repeat(129)) }), /no header name/],
    ['the same name in other letters', object({ a: mark('Region'), b: object({ c: mark('REGION') }) }), /twice/],
    ['a number', object({ a: mark('A', 'number') }), /another type/],
    ['an object', object({ a: { ...mark('A'), type: 'object' } }), /another type/],
    ['several types', object({ a: mark('A', ['string', 'null']) }), /another type/],
    ['no type', object({ a: { 'x-mcp-header': 'A' } }), /another type/],
    ['the root', { ...object({}), 'x-mcp-header': 'A' }, /outside/],
    ['too many', object(Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`p${index}`, mark(`P${index}`)]))), /too many/],
    ['too deep', nested(80, mark('A')), /too large/],
    ['too large', object(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`p${index}`, {}]))), /too large/],
    ...['items', 'prefixItems', 'additionalItems', 'contains', 'additionalProperties', 'unevaluatedProperties', 'unevaluatedItems', 'propertyNames', 'not', 'if', 'then', 'else', 'contentSchema'].map((keyword) => {
      return [keyword, object({ a: { [keyword]: object({ b: mark('B') }) } }), /outside/] as const
    }),
    ...['oneOf', 'anyOf', 'allOf'].map((keyword) => [keyword, { [keyword]: [{}, object({ b: mark('B') })] }, /outside/] as const),
    ...['patternProperties', 'dependentSchemas', '$defs', 'definitions'].map((keyword) => [keyword, { [keyword]: { x: object({ b: mark('B') }) } }, /outside/] as const)
  ]
  for (const [what, schema, reason] of refused) {
    test(`not: ${what}`, () => {
      const found = mirroredParams(schema)
      assert.ok(!found.ok)
      assert.match(found.error, reason)
    })
  }

  test('a bomb costs little (T37)', () => {
    let wide: unknown = { type: 'string' }
    for (let level = 0; level < 12; level++) wide = { anyOf: [wide, wide, wide] }
    const startMs = performance.now()
    assert.equal(mirroredParams(wide).ok, false)
    assert.equal(mirroredParams(nested(100_000, mark('A'))).ok, false)
    assert.ok(performance.now() - startMs < 1000)
  })
})

const params: readonly MirroredParam[] = [
  { header: 'mcp-param-region', path: ['region'], type: 'string' },
  { header: 'mcp-param-n', path: ['deep', 'n'], type: 'integer' },
  { header: 'mcp-param-on', path: ['on'], type: 'boolean' }
]

describe('headers of arguments', () => {
  test('one for each that was given and is not null', () => {
    assert.deepEqual(mirrorHeaders(params, { region: 'eu', deep: { n: -7 }, on: false }), { 'mcp-param-region': 'eu', 'mcp-param-n': '-7', 'mcp-param-on': 'false' })
    assert.deepEqual(mirrorHeaders(params, { region: ' 世界\n' }), { 'mcp-param-region': '=?base64?IOS4lueVjAo=?=' })
    for (const none of [undefined, null, [], 'x', {}, { region: null, deep: null, on: null }, { region: {}, deep: [], on: [] }, { deep: { n: 2 ** 53 } }, { deep: { n: Infinity } }]) assert.deepEqual(mirrorHeaders(params, none), {})
  })

  test('only own members are arguments (T36)', () => {
    const inherited = [{ header: 'mcp-param-x', path: ['constructor', 'name'], type: 'string' }, { header: 'mcp-param-y', path: ['toString'], type: 'string' }] as const
    assert.deepEqual(mirrorHeaders(inherited, {}), {})
    assert.equal(disagreeingParam(inherited, {}, {}), undefined)
    const heir: unknown = Object.create({ region: 'eu', deep: { n: 1 } })
    assert.deepEqual([mirrorHeaders(params, heir), disagreeingParam(params, heir, {})], [{}, undefined])
  })

  test('what a client sends, a server finds right; what is changed, wrong', () => {
    for (const args of [{ region: 'eu', deep: { n: 42 }, on: true }, { region: '', deep: {} }, { region: '=?base64?x?=' }, { region: 'a, b' }, { deep: { n: -0 } }, {}]) {
      const headers = mirrorHeaders(params, args)
      assert.equal(disagreeingParam(params, args, headers), undefined, JSON.stringify(args))
      for (const header of Object.keys(headers)) {
        const { [header]: value, ...others } = headers
        assert.equal(disagreeingParam(params, args, others), header)
        assert.equal(disagreeingParam(params, args, { ...headers, [header]: `${value}x` }), header)
        assert.equal(disagreeingParam(params, args, { ...headers, [header]: `${value}, ${value}` }), header)
        assert.equal(disagreeingParam(params, args, { ...headers, [header]: [value as string] }), header)
      }
    }
  })

  test('the vectors of the conformance suite', () => {
    const check = (region: string, header?: string): string | undefined => disagreeingParam(params, { region }, header === undefined ? {} : { 'mcp-param-region': header })
    assert.equal(check('Hello', '=?base64?SGVsbG8=?='), undefined)
    assert.equal(check('Hello', '=?base64?SGVsbG8?='), 'mcp-param-region')
    assert.equal(check('Hello', '=?base64?SGVs!!!bG8=?='), 'mcp-param-region')
    assert.equal(check('SGVsbG8=', 'SGVsbG8='), undefined)
    assert.equal(check('=?base64?SGVsbG8=', '=?base64?SGVsbG8='), undefined)
    assert.equal(check('test-value'), 'mcp-param-region')
    assert.equal(check('EU', 'eu'), 'mcp-param-region')
  })

  test('integers agree as numbers, and only as whole ones', () => {
    const check = (n: unknown, header: string): string | undefined => disagreeingParam(params, { deep: { n } }, { 'mcp-param-n': header })
    for (const header of ['42', '42.0', '042', '=?base64?NDI=?=', ' 42 ']) assert.equal(check(42, header), undefined, header)
    for (const header of ['43', '42.5', '4.2e1', '0x2a', '+42', '', '42.', 'NaN', '42.00000000000000000001']) assert.equal(check(42, header), 'mcp-param-n', header)
    assert.equal(check('42', '42.0'), 'mcp-param-n')
  })

  test('headers without an argument, or of no argument, are ignored', () => {
    assert.equal(disagreeingParam(params, { region: null }, { 'mcp-param-region': 'x', 'mcp-param-on': '=?base64?!?=', 'mcp-param-unknown': 'y' }), undefined)
  })
})

test('Mcp-Name repeats the name, the URI or the task', () => {
  const all = { name: 'n', uri: 'u', taskId: 't' }
  const table = { 'tools/call': 'n', 'prompts/get': 'n', 'resources/read': 'u', 'tasks/get': 't', 'tasks/update': 't', 'tasks/cancel': 't', 'tools/list': undefined, 'completion/complete': undefined, constructor: undefined }
  for (const [method, expected] of Object.entries(table)) assert.equal(mirroredName(method, all), expected, method)
  assert.equal(mirroredName('tools/call', { name: 7 }), undefined)
  assert.equal(mirroredName('tools/call', undefined), undefined)
})
