import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasFeature, isKnownRevision, isModernVersion, LATEST_LEGACY, LEGACY_REVISIONS, negotiate } from '../../../src/protocol/index.ts'
import type { RevisionFeature } from '../../../src/protocol/index.ts'

test('initialize: a known revision is kept, anything else becomes the newest legacy one', () => {
  for (const revision of LEGACY_REVISIONS) assert.equal(negotiate(revision), revision)
  for (const other of ['2026-07-28', '1999-01-01', '', 'latest', undefined, null, 20250618, {}, ['2025-06-18'], 'toString']) assert.equal(negotiate(other), '2025-11-25')
  assert.equal(LATEST_LEGACY, '2025-11-25')
})

test('known revisions', () => {
  assert.deepEqual(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07', '2026-07-28', '__proto__'].map(isKnownRevision), [true, true, true, true, false, false, false])
})

test('modern versions are dates from 2026-07-28 on', () => {
  for (const modern of ['2026-07-28', '2026-07-29', '2027-01-01', '9999-12-31']) assert.equal(isModernVersion(modern), true, modern)
  for (const other of [undefined, '', '2026-07-27', '2025-11-25', 'x', '2026-7-28', '2026-07-28 ', ' 2026-07-28', '2026-07-28, 2026-07-28', '2026-07-28\n', '٢٠٢٦-٠٧-٢٨', 'zzzz-zz-zz']) assert.equal(isModernVersion(other), false, other)
})

test('features by revision, newest first', () => {
  const table: Record<RevisionFeature, string> = {
    batch: '0010',
    streamableHttp: '1110',
    audio: '1110',
    progressMessage: '1110',
    resourceLinks: '1100',
    structuredContent: '1100',
    elicitation: '1100',
    versionHeader: '1100',
    urlElicitation: '1000',
    streamPriming: '1000',
    tasks: '1000'
  }
  for (const [feature, expected] of Object.entries(table)) {
    assert.equal(LEGACY_REVISIONS.map((revision) => Number(hasFeature(revision, feature as RevisionFeature))).join(''), expected, feature)
  }
})
