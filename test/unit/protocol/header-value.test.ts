import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeHeaderValue, encodeHeaderValue } from '../../../src/protocol/index.ts'
import { pick, seeded } from '../../helpers/random.ts'

describe('values in headers (MCP 2026-07-28 value encoding)', () => {
  test('the examples of the specification', () => {
    const table: ReadonlyArray<readonly [string, string]> = [
      ['us-west1', 'us-west1'],
      ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
      [' padded ', '=?base64?IHBhZGRlZCA=?='],
      ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
      ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=']
    ]
    for (const [value, header] of table) {
      assert.equal(encodeHeaderValue(value), header)
      assert.equal(decodeHeaderValue(header), value)
    }
  })

  test('one marker alone, or another spelling, is text', () => {
    for (const header of ['=?base64?SGVsbG8=', 'SGVsbG8=?=', '=?Base64?SGVsbG8=?=', '=?utf-8?b?SGVsbG8=?=', 'a\tb', '']) assert.equal(decodeHeaderValue(header), header)
  })

  test('what cannot be decoded is nothing', () => {
    for (const header of ['=?base64?=', '=?base64?SGVsbG8?=', '=?base64?SGVs!!!bG8=?=', '=?base64?SGVsbG9=?=', '=?base64?SGVs bG8=?=', '=?base64?_-8=?=', '=?base64?/w==?=', '=?base64?7aCA?=', 'h\u00e9', 'a\u0000b', 'a\nb', '\u007f', '\u4e16']) {
      assert.equal(decodeHeaderValue(header), undefined, JSON.stringify(header))
    }
  })

  test('every text comes back, and every header is one that HTTP can hold', () => {
    const alphabet = ['a', 'Z', ' ', '\t', '\n', '\r', '\u0000', 'é', '世', '🙂', '=', '?', '=?base64?', '?=', '\u007f', '\u00a0', '\ufeff', ',']
    const random = seeded(1)
    for (let round = 0; round < 5000; round++) {
      const value = Array.from({ length: Math.floor(random() * 8) }, () => pick(random, alphabet)).join('')
      const header = encodeHeaderValue(value)
      assert.match(header, /^(?:[\u0021-\u007e](?:[\t\u0020-\u007e]*[\u0021-\u007e])?)?$/)
      assert.equal(decodeHeaderValue(header), value)
    }
  })
})
