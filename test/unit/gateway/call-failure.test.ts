import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from '../../../src/gateway/call-failure.ts'
import { errorReply } from '../../../src/protocol/index.ts'
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts'
import { LABEL_SETS } from '../../../src/telemetry/label-sets.ts'

test('what the gateway says in a server\'s place is told apart, though rows share their numbers', () => {
  const found = Object.fromEntries((Object.keys(ERRORS) as ErrorCode[]).map((code) => [code, failureOf(errorReply(code))]).filter(([, failure]) => failure !== undefined))
  assert.deepEqual(found, {
    GW_AUTH_UNAVAILABLE: 'unavailable',
    GW_POLICY_UNAVAILABLE: 'unavailable',
    GW_LIMIT_WORKERS: 'no_worker',
    GW_LIMIT_IN_FLIGHT: 'overloaded',
    GW_UPSTREAM_LOST: 'lost',
    GW_UPSTREAM_START: 'start',
    GW_UPSTREAM_UNAVAILABLE: 'unavailable',
    GW_UPSTREAM_DEADLINE: 'deadline',
    GW_UPSTREAM_PROTOCOL: 'protocol',
    GW_UPSTREAM_AUTH: 'credential',
    GW_DRAINING: 'draining',
    GW_OVERLOADED: 'overloaded',
    GW_INTERNAL: 'internal'
  })
  for (const failure of Object.values(found)) assert.ok((LABEL_SETS.call_failure as readonly string[]).includes(String(failure)), String(failure))
})

test('the gateway\'s own answers in other words count by their number', () => {
  assert.equal(failureOf(errorReply('GW_UPSTREAM_LOST', { publicMessage: 'This call has run before.' })), 'lost')
})

test('what a server itself says is no failure of the gateway', () => {
  assert.equal(failureOf({ result: { content: [], isError: true } }), undefined)
  assert.equal(failureOf({ error: { code: -32603, message: 'Internal error' } }), undefined)
  assert.equal(failureOf({ error: { code: -32602, message: 'Invalid params' } }), undefined)
})
