import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAuditText } from '../../../src/telemetry/index.ts'
import type { AuditRecord } from '../../../src/telemetry/index.ts'

const CALL: AuditRecord = { event: 'call', requestId: 'r', tenant: 'acme', user: 'alice', credentialId: 'k1', server: 'notes', method: 'tools/call', name: 'echo', outcome: 'ok' }

describe('audit text', () => {
  const read = (textOf: (entry: AuditRecord) => string, entry: AuditRecord): Record<string, unknown> => JSON.parse(`{${textOf(entry)}}`) as Record<string, unknown>

  test('times are the numbers that JSON writes, to a thousandth of a millisecond', () => {
    const textOf = createAuditText()
    const times = [0, 0.0004, 0.0006, 0.001, 0.01, 0.1, 0.99, 0.9996, 1, 1.05, 1.5, 2.25, 9.999, 10.01, 10.1, 123.456, 60_000, 60_000.07, 86_400_000.123, 1e12 + 0.5, -0.25, NaN, Infinity, -Infinity]
    for (let index = 0; index < 5000; index++) times.push(Math.random() * 10 ** (index % 9))
    for (const durationMs of times) {
      const text = textOf({ event: 'call', outcome: 'ok', durationMs })
      assert.equal(text, `"audit":"call","outcome":"ok","duration_ms":${JSON.stringify(Math.round(durationMs * 1000) / 1000)}`, String(durationMs))
    }
  })

  test('what was written before is written for nobody else', () => {
    const textOf = createAuditText()
    const variants: AuditRecord[] = [CALL, { ...CALL, tenant: 'other' }, { ...CALL, user: 'bob' }, { ...CALL, server: 'files' }, { ...CALL, method: 'prompts/get' }, { ...CALL, name: 'other' },
      { ...CALL, outcome: 'error', code: 'GW_UPSTREAM_LOST' }, { ...CALL, outcome: 'refused', code: 'GW_UPSTREAM_LOST', reason: 'x' }, { event: 'refused', outcome: 'refused', remoteAddress: '::1' }, { event: 'refused', outcome: 'refused', remoteAddress: '::1', code: 'GW_AUTH' }, { event: 'call', outcome: 'ok' }]
    for (let round = 0; round < 2; round++) {
      for (const entry of variants) {
        const { audit, request_id: requestId, credential_id: credentialId, tool, name, remote_address: remoteAddress, ...others } = read(textOf, entry)
        assert.deepEqual({ ...others, event: audit, requestId, credentialId, name: tool ?? name, remoteAddress },
          { requestId: undefined, credentialId: undefined, name: undefined, remoteAddress: undefined, ...entry })
      }
    }
  })

  test('thousands of names are written as they are, and long or strange ones safely', () => {
    const textOf = createAuditText()
    for (let index = 0; index < 5000; index++) assert.equal(read(textOf, { ...CALL, name: `n${index % 3000}`, user: `u${index}` })['tool'], `n${index % 3000}`)
    for (const name of ['"', '\\', '\u2028', '\u0000', '","forged":"1', '\ud800', 'x'.repeat(5000), 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl']) {
      const text = textOf({ ...CALL, name, requestId: name })
      assert.doesNotMatch(textOf({ ...CALL, name }), /[\u0000-\u001f\u2028\u2029]|canary|c2lnbmF0dXJl/) // eslint-disable-line no-control-regex -- finding them is the point
      assert.equal((JSON.parse(`{${text}}`) as Record<string, unknown>)['forged'], undefined)
      assert.ok(textOf({ ...CALL, name }).length < 600)
    }
  })
})
