import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuthRefusalReason } from '../../../src/auth/index.ts'
import type { LimitName } from '../../../src/limits/index.ts'
import type { WorkerExitReason } from '../../../src/stdio-pool/index.ts'
import type { ProtocolErrorKind } from '../../../src/stdio-pool/pool-options.ts'
import type { ConnectionFault } from '../../../src/upstream/index.ts'
import { LABEL_SETS, METRICS } from '../../../src/telemetry/index.ts'
import type { AuditRecord } from '../../../src/telemetry/index.ts'

type Values<Set extends keyof typeof LABEL_SETS> = (typeof LABEL_SETS)[Set] extends readonly (infer Value)[] ? Value : never
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false

// Checked by the type checker: a reason that a room adds has to be added to its label set, or it is counted as "other".
const sameAsTheRooms: readonly [
  Same<Values<'auth_reason'>, AuthRefusalReason>,
  Same<Values<'exit_reason'>, WorkerExitReason>,
  Same<Values<'protocol_error'>, ProtocolErrorKind | ConnectionFault>,
  Same<Values<'outcome'>, AuditRecord['outcome']>,
  [LimitName] extends [Values<'limit'> | Values<'quota'>] ? true : false
] = [true, true, true, true, true]

test('label sets are those of the rooms that count', () => {
  assert.ok(sameAsTheRooms.every(Boolean))
})

test('every metric draws its labels from known sets and is counted by somebody', () => {
  const root = join(import.meta.dirname, '../../..')
  const sources = ['src', 'plugins', 'routes', 'config']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(root, folder, path)))
    .filter((path) => path.endsWith('.ts') && !path.endsWith(join('telemetry', 'catalogue.ts')))
  const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n')
  for (const [name, { labels }] of Object.entries(METRICS)) {
    for (const set of Object.values(labels)) assert.ok(set in LABEL_SETS, `${name}: ${set}`)
    assert.ok(text.includes(`'${name}'`), `nobody counts ${name}`)
  }
})
