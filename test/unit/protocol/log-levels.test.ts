import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAtLeast, LOG_LEVELS } from '../../../src/protocol/index.ts'

test('levels rise from debug to emergency; an unknown level is below every threshold', () => {
  for (const [index, threshold] of LOG_LEVELS.entries()) {
    assert.deepEqual(LOG_LEVELS.map((level) => isAtLeast(level, threshold)), LOG_LEVELS.map((_, other) => other >= index))
    for (const unknown of ['loud', undefined, null, 3, 'Debug']) assert.equal(isAtLeast(unknown, threshold), false)
  }
})
