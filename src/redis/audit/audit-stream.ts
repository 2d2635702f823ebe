import type { AuditStream } from '../../audit/index.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import type { RedisStore } from '../types.ts'

const APPEND = script('audit/append')
const ENDS_MS = 30 * 24 * 3_600_000

/** The stream that all replicas append to, each its own chain. @param maxRecords about so many are kept */
export function createAuditStream (store: RedisStore, keys: Keys, maxRecords: number): AuditStream {
  const stream = keys.auditRecords()
  return { append: async (lines) => { await store.run(APPEND, [stream], [maxRecords, ENDS_MS, ...lines]) } }
}
