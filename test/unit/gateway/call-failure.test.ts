import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf } from '../../../src/gateway/call-failure.ts'
import { outcomeReply, outcomeText } from '../../../src/gateway/once/outcome-text.ts'
import { errorReply, ownCodeOf, type Reply } from '../../../src/protocol/index.ts'
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.ts'
import { LABEL_SETS } from '../../../src/telemetry/label-sets.ts'

test('what the gateway says in a server\'s place is told apart, though rows share their numbers', () => {
  const found = Object.fromEntries((Object.keys(ERRORS) as ErrorCode[]).map((code) => [code, failureOf(errorReply(code))]).filter(([, failure]) => failure !== undefined))
  assert.deepEqual(found, {
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
  // Number, sentence and every member that JSON can carry.
  for (const code of Object.keys(ERRORS) as ErrorCode[]) assert.equal(failureOf(JSON.parse(JSON.stringify(errorReply(code))) as Reply), undefined, code)
})

test('the row of an error is in no text, no comparison and no copy of it', () => {
  const { error } = errorReply('GW_UPSTREAM_LOST')
  assert.ok(error !== undefined)
  assert.equal(ownCodeOf(error), 'GW_UPSTREAM_LOST')
  assert.deepEqual(error, { code: 50201, message: ERRORS.GW_UPSTREAM_LOST.message })
  assert.deepEqual(Reflect.ownKeys({ ...error }), ['code', 'message'])
})

test('an outcome that is kept is again what it was: the gateway\'s own, or a server\'s', () => {
  const own = errorReply('GW_UPSTREAM_LOST', { publicMessage: 'Gone.', data: { at: 1 } })
  const theirs: Reply = { error: { code: 50201, message: 'Gone.', data: { own: 'GW_UPSTREAM_LOST' } } }
  const forged = { error: { code: 1, message: 'x', own: 'GW_UPSTREAM_LOST' } } as Reply
  for (const [reply, failure] of [[own, 'lost'], [theirs, undefined], [forged, undefined], [{ result: { own: 'GW_UPSTREAM_LOST' } }, undefined]] as const) {
    const again = outcomeReply(outcomeText(reply))
    assert.deepEqual([again, failureOf(again)], [reply, failure])
  }
})
