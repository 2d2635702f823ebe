import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acceptsBoth, acceptsEventStream, isJsonMediaType, isSessionIdShape } from '../../../src/protocol/index.ts'

describe('Accept', () => {
  const table: ReadonlyArray<readonly [string | undefined, boolean, boolean]> = [
    [undefined, true, true],
    ['', true, true],
    ['*/*', true, true],
    ['application/json, text/event-stream', true, true],
    ['text/event-stream,application/json', true, true],
    ['Application/JSON , TEXT/event-stream;q=0.1', true, true],
    ['application/json;q=1.000, text/event-stream; Q=0.001', true, true],
    ['application/*, text/*', true, true],
    ['text/html, */*;q=0.1', true, true],
    ['application/json', false, false],
    ['text/event-stream', false, true],
    ['application/*', false, false],
    ['text/*', false, true],
    ['text/html', false, false],
    ['application/json, text/event-stream;q=0', false, false],
    ['application/json;q=0, text/event-stream', false, true],
    ['*/*, text/event-stream;q=0', false, false],
    ['text/event-stream;q=0, */*', false, false],
    ['text/*;q=0, */*', false, false],
    ['text/*;q=0, text/event-stream, application/json', true, true],
    ['*/*;q=0', false, false],
    ['*/*;q=0.000', false, false],
    ['application/json;q=x, text/event-stream', false, true],
    ['application/json;q=2, text/event-stream', false, true],
    ['application/jsonx, text/event-streams', false, false],
    ['*', false, false],
    [',', false, false],
    ['application/json; charset=utf-8, text/event-stream; x=y', true, true]
  ]
  for (const [header, both, stream] of table) {
    test(String(header), () => assert.deepEqual([acceptsBoth(header), acceptsEventStream(header)], [both, stream]))
  }
})

describe('Content-Type (T32)', () => {
  for (const good of ['application/json', 'Application/JSON', 'application/json;charset=utf-8', 'application/json; charset=utf-8', 'application/json ; charset=UTF-8', 'application/json; charset="utf-8"']) {
    test(`JSON: ${good}`, () => assert.equal(isJsonMediaType(good), true))
  }
  for (const bad of [
    undefined, '', 'application/json\t', ' application/json', 'application/json ', 'application/jsonx', 'application/jſon', 'text/plain', 'text/json', 'application/json;', 'application/json;\tcharset=utf-8',
    'application/json\t;charset=utf-8', 'application/json; charset=utf-16', 'application/json; charset=utf-8; x=y', 'application/json; x=y', 'application/json, application/json', 'application/json\n', 'application/ json',
    'application/json; charset=utf-8\n', 'application/vnd.api+json', 'multipart/form-data', 'application/json\u0000', 'x application/json', 'application/json; charset = utf-8', "application/json; charset='utf-8'"
  ]) {
    test(`refused: ${JSON.stringify(bad)}`, () => assert.equal(isJsonMediaType(bad), false))
  }
})

test('session ids (T03): 22 to 128 characters of base64url', () => {
  for (const good of ['a'.repeat(22), 'A-Z_09'.padEnd(43, 'x'), 'z'.repeat(128)]) assert.equal(isSessionIdShape(good), true)
  for (const bad of [undefined, '', 'AAAA', 'a'.repeat(21), 'a'.repeat(129), '../'.padEnd(30, 'a'), 'a b'.padEnd(30, 'a'), 'x'.repeat(10_000), 'x&user=A'.padEnd(30, 'a'), `${'a'.repeat(22)}\n`, `${'a'.repeat(22)}, ${'a'.repeat(22)}`, ['a'.repeat(22)], 'é'.repeat(22)]) assert.equal(isSessionIdShape(bad), false)
})
