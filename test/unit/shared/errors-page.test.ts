import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERRORS } from '../../../src/shared/errors.ts'
import type { ErrorRow } from '../../../src/shared/errors.ts'
import { tableOf } from '../../helpers/markdown-table.ts'

test('ERRORS.md and the catalogue say the same, in both directions', () => {
  const page = tableOf(readFileSync(new URL('../../../ERRORS.md', import.meta.url), 'utf8'), ['code', 'HTTP', 'JSON-RPC', 'retry', 'message', 'when'])
  const documented = page.map(([code, status, rpcCode, retry, message]) => ({ code, status, rpcCode, retry, message }))
  const written = Object.entries<ErrorRow>(ERRORS).map(([code, row]) => ({ code, status: String(row.status), rpcCode: String(row.rpcCode), retry: row.retryable ? 'yes' : 'no', message: row.message }))
  assert.deepEqual(documented, written)
  for (const [code, , , , , when] of page) assert.ok((when ?? '').length > 10, `${code} says nothing about when`)
})

test('own JSON-RPC codes stay out of the ranges of JSON-RPC and MCP, and each row is whole', () => {
  const borrowed = new Set([-32700, -32600, -32601, -32602, -32603, -32000, -32001, -32002, -32020, -32021, -32022])
  for (const [code, row] of Object.entries<ErrorRow>(ERRORS)) {
    assert.match(code, /^GW_[A-Z]+(_[A-Z]+)*$/)
    assert.ok(row.status >= 400 && row.status <= 599, code)
    assert.ok(borrowed.has(row.rpcCode) || row.rpcCode > -32000, `${code}: ${row.rpcCode}`)
    assert.match(row.message, /^[A-Z].*[.a-z]$/, code)
    assert.ok(row.source.length > 0, code)
    if (row.status === 429 || row.status === 503) assert.ok(row.retryable, `${code} says to come back`)
  }
})
